-- key:  event_id
-- rows: appended
-- pii:  email
--
-- One row per thing that happened to a marketing mail.
SELECT
    CAST(e.event_id AS VARCHAR) AS event_id,                -- id of the event
    CAST(e.occurred_at AS TIMESTAMP) AS occurred_at,        -- when it happened
    CAST(e.synced_at AS TIMESTAMP) AS ingested_at,          -- when the row arrived
    CAST(e.lead_id AS VARCHAR) AS lead_id,                  -- the lead
    CAST(e.email AS VARCHAR) AS email,                      -- address mailed
    CAST(e.event_type AS VARCHAR) AS event_type,            -- sent, delivered, open, click, reply, bounce, unsubscribe
    CAST(e.campaign_id AS VARCHAR) AS campaign_id,          -- the campaign
    CAST(e.url AS VARCHAR) AS url                           -- what was clicked
FROM raw.email_events AS e
