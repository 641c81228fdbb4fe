-- key:  event_id
-- rows: appended
-- pii:  email
--
-- One row per mail opened, with how long it was read. 0 ms is a proxy that opens for the reader: a weak sign.
SELECT
    'hubspot:' || CAST(e.id AS VARCHAR) || '@' || CAST(EPOCH_US(CAST(e.created AS TIMESTAMP)) AS VARCHAR)
        AS event_id,                                                        -- the event
    CAST(e.created AS TIMESTAMP) AS occurred_at,                            -- when it happened
    GREATEST(CAST(e._fivetran_synced AS TIMESTAMP), CAST(d._fivetran_synced AS TIMESTAMP))
        AS ingested_at,                                                     -- when the later of the two rows arrived
    LOWER(TRIM(CAST(e.recipient AS VARCHAR))) AS email,                     -- address mailed
    CAST(d.duration AS BIGINT) AS duration_ms,                              -- how long it was read
    CAST(d.duration AS BIGINT) = 0 AS is_machine                            -- TRUE where a proxy opened it
FROM raw.hubspot_email_event_open AS d
JOIN raw.hubspot_email_event AS e
    ON  e.id = d.id
