-- key:  event_id
-- rows: appended
-- pii:  email
--
-- One row per click with its address; known once both the event and its detail have arrived.
SELECT
    'hubspot:' || CAST(e.id AS VARCHAR) || '@' || CAST(EPOCH_US(CAST(e.created AS TIMESTAMP)) AS VARCHAR)
        AS event_id,                                                        -- the event
    CAST(e.created AS TIMESTAMP) AS occurred_at,                            -- when it happened
    GREATEST(CAST(e._fivetran_synced AS TIMESTAMP), CAST(d._fivetran_synced AS TIMESTAMP))
        AS ingested_at,                                                     -- when the later of the two rows arrived
    LOWER(TRIM(CAST(e.recipient AS VARCHAR))) AS email,                     -- address mailed
    CAST(d.url AS VARCHAR) AS url,                                          -- what was clicked
    JSON_EXTRACT_STRING(CAST(d.browser AS JSON), '$.name') AS browser,      -- name of the browser; NULL where not said
    COALESCE(JSON_EXTRACT_STRING(CAST(d.browser AS JSON), '$.type') = 'Robot', FALSE)
        OR COALESCE(CAST(e.filtered_event AS BOOLEAN), FALSE) AS is_robot   -- TRUE where a scanner clicked
FROM raw.hubspot_email_event_click AS d
JOIN raw.hubspot_email_event AS e
    ON  e.id = d.id
