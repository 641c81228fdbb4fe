-- key:    lead_id
-- frozen: lead_id, created_at, synced_at
--
-- Leads.
SELECT
    CAST(l.lead_id AS VARCHAR) AS lead_id,              -- its id
    CAST(l.created_at AS TIMESTAMP) AS occurred_at,     -- when
    CAST(l.synced_at AS TIMESTAMP) AS ingested_at,      -- when it arrived
    UPPER(owner_name) AS owner_name                     -- who
FROM raw.leads AS l
-- expect: not_frozen
