-- key:    lead_id
-- frozen: id, master_record_id
-- joins:  lead_merge_times
--
-- One row per lead merged into another, when it was. Before that it is a lead of its own. The history tells when, and the
-- row that lost, which nobody writes to any more, into which.
SELECT
    h.lead_id AS lead_id,                                                   -- the lead that was merged away
    h.occurred_at AS occurred_at,                                           -- when
    h.ingested_at AS ingested_at,                                           -- when that arrived
    'salesforce:' || LEFT(CAST(l.master_record_id AS VARCHAR), 15) AS winner_id    -- the lead that is left
FROM raw.salesforce_lead AS l
JOIN staging.lead_merge_times AS h
    ON  h.lead_id = 'salesforce:' || LEFT(CAST(l.id AS VARCHAR), 15)
WHERE l.master_record_id IS NOT NULL
