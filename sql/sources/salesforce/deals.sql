-- key:          opportunity_id
-- frozen:       id, created_date, type, is_deleted
-- assumed:      ingested_at is occurred_at + INTERVAL 3 HOUR
-- availability: opportunity_id = outcome, pipeline = outcome
--
-- One row per opportunity, when it was created. What is deleted by now is left out at every moment.
SELECT
    'salesforce:' || LEFT(CAST(o.id AS VARCHAR), 15) AS opportunity_id,     -- the opportunity
    CAST(o.created_date AS TIMESTAMP) AS occurred_at,                       -- when it was created
    CAST(o.created_date AS TIMESTAMP) AS ingested_at,                       -- assumed
    CASE WHEN CAST(o.type AS VARCHAR) LIKE 'Existing%' THEN 'expansion' ELSE 'new_business' END
        AS pipeline                                                         -- new_business or expansion
FROM raw.salesforce_opportunity AS o
WHERE NOT COALESCE(CAST(o.is_deleted AS BOOLEAN), FALSE)
