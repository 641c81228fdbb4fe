-- key:  lead_id
-- rows: appended
--
-- Leads.
SELECT
    CAST(l.lead_id AS VARCHAR) AS lead_id,              -- its id
    CAST(l.created_at AS TIMESTAMP) AS occurred_at,     -- when
    CAST(l.synced_at AS TIMESTAMP) AS ingested_at,      -- when it arrived
    LENGTH(ARRAY(SELECT o.lead_id FROM raw.deals AS o WHERE o.lead_id = l.lead_id)) AS n  -- deals
FROM raw.leads AS l
-- expect: not_row_local
