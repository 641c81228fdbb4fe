-- key:  event_id
-- rows: appended
-- joins: mail_events
-- pii:  email
--
-- One row per click with its address; known once both the event and its detail have arrived.
SELECT
    e.event_id AS event_id,                                                 -- the event
    e.occurred_at AS occurred_at,                                           -- when it happened
    CAST(d._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when the detail arrived
    e.email AS email,                                                       -- address mailed
    CAST(d.url AS VARCHAR) AS url,                                          -- what was clicked
    JSON_EXTRACT_STRING(CAST(d.browser AS JSON), '$.name') AS browser,      -- name of the browser; NULL where not said
    COALESCE(JSON_EXTRACT_STRING(CAST(d.browser AS JSON), '$.type') = 'Robot', FALSE)
        OR e.is_filtered AS is_robot   -- TRUE where a scanner clicked
FROM raw.hubspot_email_event_click AS d
JOIN staging.mail_events AS e
    ON  e.mail_event = 'hubspot:' || CAST(d.id AS VARCHAR)
