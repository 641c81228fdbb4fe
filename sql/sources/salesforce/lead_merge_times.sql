-- key:  lead_id
-- rows: appended
--
-- One row per lead merged away, when it was; into which is in lead_merges.
SELECT
    'salesforce:' || LEFT(CAST(h.lead_id AS VARCHAR), 15) AS lead_id,       -- the lead that was merged away
    CAST(h.created_date AS TIMESTAMP) AS occurred_at,                       -- when
    CAST(h._fivetran_synced AS TIMESTAMP) AS ingested_at                    -- when that arrived
FROM raw.salesforce_lead_history AS h
WHERE h.field = 'leadMerged' AND h.lead_id IS NOT NULL
