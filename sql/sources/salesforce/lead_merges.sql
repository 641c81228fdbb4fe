-- key:    lead_id
-- frozen: id, master_record_id, lead_id, field, created_date, _fivetran_synced
--
-- One row per lead merged into another, when it was. Before that it is a lead of its own. The history tells when, and the
-- row that lost, which nobody writes to any more, into which.
SELECT
    'salesforce:' || LEFT(CAST(h.lead_id AS VARCHAR), 15) AS lead_id,       -- the lead that was merged away
    CAST(h.created_date AS TIMESTAMP) AS occurred_at,                       -- when
    CAST(h._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when that arrived
    'salesforce:' || LEFT(CAST(l.master_record_id AS VARCHAR), 15) AS winner_id    -- the lead that is left
FROM raw.salesforce_lead_history AS h
JOIN raw.salesforce_lead AS l
    ON  l.id = h.lead_id
WHERE h.field = 'leadMerged' AND l.master_record_id IS NOT NULL
