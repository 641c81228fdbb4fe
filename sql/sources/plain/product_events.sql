-- key:  event_id
-- rows: appended
--
-- One row per thing a lead did in the product.
SELECT
    CAST(p.event_id AS VARCHAR) AS event_id,                -- id of the event
    CAST(p.occurred_at AS TIMESTAMP) AS occurred_at,        -- when it happened
    CAST(p.synced_at AS TIMESTAMP) AS ingested_at,          -- when the row arrived
    CAST(p.lead_id AS VARCHAR) AS lead_id,                  -- the lead
    CAST(p.event_type AS VARCHAR) AS event_type,            -- trial_started, feature_used, invite_sent, integration_attempted
    CAST(p.feature AS VARCHAR) AS feature                   -- the feature used
FROM raw.product_events AS p
