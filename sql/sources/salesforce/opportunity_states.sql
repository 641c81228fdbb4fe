-- key:          opportunity_id, occurred_at
-- rows:         appended
-- availability: opportunity_id = outcome, account_id = outcome, amount = outcome, type = outcome
--
-- One row per change of an opportunity that `leadmart snapshot` saw; a deletion is a change too. A closing date is a plan
-- until it is past, and is left out.
SELECT
    'salesforce:' || LEFT(CAST(o.id AS VARCHAR), 15) AS opportunity_id,     -- the opportunity
    o._changed_at AS occurred_at,                                           -- when it changed
    o._loaded_at AS ingested_at,                                            -- when the change was seen
    'salesforce:' || LEFT(CAST(o.account_id AS VARCHAR), 15) AS account_id, -- its account
    CAST(o.amount AS DECIMAL(18, 2)) AS amount,                             -- amount; NULL where not said
    CAST(o.type AS VARCHAR) AS type,                                        -- new or existing business
    (o._deleted OR COALESCE(CAST(o.is_deleted AS BOOLEAN), FALSE))
        AS is_deleted                                                       -- TRUE from the row on that deletes it
FROM raw.salesforce_opportunity__changes AS o
