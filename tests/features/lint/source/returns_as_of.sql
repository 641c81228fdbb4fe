-- key:  lead_id
-- rows: appended
--
-- Leads.
SELECT
    CAST(l.lead_id AS VARCHAR) AS lead_id,              -- its id
    CAST(l.created_at AS TIMESTAMP) AS occurred_at,     -- when
    CAST(l.synced_at AS TIMESTAMP) AS ingested_at,      -- when it arrived
    CAST(l.exported_at AS TIMESTAMP) AS as_of           -- when exported
FROM raw.leads AS l
-- expect: reserved_column
