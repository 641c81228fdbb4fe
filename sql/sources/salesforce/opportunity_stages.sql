-- key:          opportunity_id, occurred_at
-- rows:         appended
-- changes-of:   stage
-- availability: opportunity_id = outcome, stage = outcome
--
-- One row per stage an opportunity entered. Salesforce's history has a row for a new amount or date too; those are dropped.
-- What was deleted with its opportunity is left out at every moment.
SELECT
    'salesforce:' || LEFT(CAST(h.opportunity_id AS VARCHAR), 15) AS opportunity_id,   -- the opportunity
    CAST(h.created_date AS TIMESTAMP) AS occurred_at,                       -- when it entered the stage
    CAST(h._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when the row arrived
    CAST(h.stage_name AS VARCHAR) AS stage                                  -- the stage
FROM raw.salesforce_opportunity_history AS h
WHERE h.opportunity_id IS NOT NULL AND NOT COALESCE(CAST(h.is_deleted AS BOOLEAN), FALSE)
