-- key:          lead_id, field, occurred_at
-- rows:         appended
-- changes-of:   value
-- availability: field = outcome, old_value = outcome, value = outcome
--
-- One row per change of a tracked field of a lead, by Salesforce's own history. It keeps changes only: what a field was at
-- creation is the first old_value, and a field without rows never changed or was never tracked. An owner's change stands
-- twice, as id and as name; the id is kept.
SELECT
    'salesforce:' || LEFT(CAST(h.lead_id AS VARCHAR), 15) AS lead_id,       -- the lead
    CAST(h.field AS VARCHAR) AS field,                                      -- the field
    CAST(h.created_date AS TIMESTAMP) AS occurred_at,                       -- when it changed
    CAST(h._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when the change arrived
    NULLIF(CAST(h.old_value AS VARCHAR), '') AS old_value,                  -- the value before, as text
    NULLIF(CAST(h.new_value AS VARCHAR), '') AS value                       -- the new value, as text; NULL where cleared
FROM raw.salesforce_lead_history AS h
WHERE h.lead_id IS NOT NULL
    AND h.field NOT IN ('created', 'leadConverted', 'leadMerged')
    AND NOT (h.field = 'Owner' AND h.data_type IS DISTINCT FROM 'EntityId')
