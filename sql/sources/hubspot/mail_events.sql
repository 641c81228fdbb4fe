-- key:  event_id
-- rows: appended
-- pii:  email
--
-- One row per thing that happened to a mail, whoever it went to and whatever did it.
SELECT
    'hubspot:' || CAST(e.id AS VARCHAR) || '@' || CAST(EPOCH_US(CAST(e.created AS TIMESTAMP)) AS VARCHAR)
        AS event_id,                                                        -- ids repeat, so id and moment
    CAST(e.created AS TIMESTAMP) AS occurred_at,                            -- when it happened
    CAST(e._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when it arrived
    'hubspot:' || CAST(e.id AS VARCHAR) AS mail_event,                      -- what its details are told by
    LOWER(TRIM(CAST(e.recipient AS VARCHAR))) AS email,                     -- address mailed
    COALESCE(CAST(e.filtered_event AS BOOLEAN), FALSE) AS is_filtered       -- TRUE where HubSpot took it for a bot
FROM raw.hubspot_email_event AS e
