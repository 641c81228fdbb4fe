-- key:          customer_id, occurred_at
-- rows:         appended
-- availability: customer_id = outcome, is_delinquent = outcome, balance = outcome
--
-- One row per change of a customer that `leadmart snapshot` saw; a deletion is a change too.
SELECT
    'stripe:' || CAST(c.id AS VARCHAR) AS customer_id,                      -- the customer
    c._changed_at AS occurred_at,                                           -- when it changed
    c._loaded_at AS ingested_at,                                            -- when the change was seen
    CAST(c.delinquent AS BOOLEAN) AS is_delinquent,                         -- TRUE where the latest invoice is overdue
    CAST(c.balance AS BIGINT) AS balance,                                   -- in the currency's smallest unit
    (c._deleted OR COALESCE(CAST(c.is_deleted AS BOOLEAN), FALSE))
        AS is_deleted                                                       -- TRUE from the row on that deletes it
FROM raw.stripe_customer__changes AS c
