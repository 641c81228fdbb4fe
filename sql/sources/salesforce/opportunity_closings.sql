-- key:          opportunity_id, occurred_at
-- rows:         appended
-- availability: opportunity_id = outcome, is_won = outcome, amount = outcome, currency = outcome
--
-- One row per time an opportunity was won or lost, with its amount then; a lost one may be reopened and close again. Closed
-- are the stages with a probability of 100 in the forecast as closed, and of 0 omitted from it.
SELECT
    'salesforce:' || LEFT(CAST(h.opportunity_id AS VARCHAR), 15) AS opportunity_id,   -- the opportunity
    CAST(h.created_date AS TIMESTAMP) AS occurred_at,                       -- when it closed
    CAST(h._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when the row arrived
    CAST(h.probability AS DOUBLE) = 100 AS is_won,                          -- TRUE if won
    CAST(h.amount AS DECIMAL(18, 2)) AS amount,                             -- value at closing
    CAST(NULL AS VARCHAR) AS currency                                       -- the organisation's
FROM raw.salesforce_opportunity_history AS h
WHERE h.opportunity_id IS NOT NULL AND NOT COALESCE(CAST(h.is_deleted AS BOOLEAN), FALSE)
    AND ((h.forecast_category = 'Closed' AND CAST(h.probability AS DOUBLE) = 100)
        OR (h.forecast_category = 'Omitted' AND CAST(h.probability AS DOUBLE) = 0))
