-- key:          opportunity_id, field, occurred_at
-- rows:         appended
-- changes-of:   value
-- availability: opportunity_id = outcome, field = outcome, old_value = outcome, value = outcome
--
-- One row per change of a tracked field of an opportunity. Every value is text: cast by the field.
SELECT
    'salesforce:' || LEFT(CAST(h.opportunity_id AS VARCHAR), 15) AS opportunity_id,   -- the opportunity
    CAST(h.field AS VARCHAR) AS field,                                      -- the field
    CAST(h.created_date AS TIMESTAMP) AS occurred_at,                       -- when it changed
    CAST(h._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when the change arrived
    NULLIF(CAST(h.old_value AS VARCHAR), '') AS old_value,                  -- the value before, as text
    NULLIF(CAST(h.new_value AS VARCHAR), '') AS value                       -- the new value, as text
FROM raw.salesforce_opportunity_field_history AS h
WHERE h.opportunity_id IS NOT NULL AND h.field <> 'created' AND NOT COALESCE(CAST(h.is_deleted AS BOOLEAN), FALSE)
    AND NOT (h.field = 'Owner' AND h.data_type IS DISTINCT FROM 'EntityId')
