-- key:  event_id
-- rows: appended
-- joins: mail_events
-- pii:  email
--
-- One row per mail opened, with how long it was read. 0 ms is a proxy that opens for the reader: a weak sign.
SELECT
    e.event_id AS event_id,                                                 -- the event
    e.occurred_at AS occurred_at,                                           -- when it happened
    CAST(d._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when the detail arrived
    e.email AS email,                                                       -- address mailed
    CAST(d.duration AS BIGINT) AS duration_ms,                              -- how long it was read
    CAST(d.duration AS BIGINT) = 0 AS is_machine                            -- TRUE where a proxy opened it
FROM raw.hubspot_email_event_open AS d
JOIN staging.mail_events AS e
    ON  e.mail_event = 'hubspot:' || CAST(d.id AS VARCHAR)
