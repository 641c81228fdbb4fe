-- key:          item_id, occurred_at
-- rows:         appended
-- availability: item_id = outcome, subscription_id = outcome, price_id = outcome, quantity = outcome
--
-- One row per change of an item of a subscription that `leadmart snapshot` saw: Stripe keeps no history of items, and what
-- one was before the first look is unknown.
SELECT
    'stripe:' || CAST(s.id AS VARCHAR) AS item_id,                          -- the item
    s._changed_at AS occurred_at,                                           -- when it changed
    s._loaded_at AS ingested_at,                                            -- when the change was seen
    'stripe:' || CAST(s.subscription_id AS VARCHAR) AS subscription_id,     -- the subscription
    'stripe:' || CAST(s.plan_id AS VARCHAR) AS price_id,                    -- the price
    CAST(s.quantity AS BIGINT) AS quantity,                                 -- seats
    CAST(s.current_period_start AS TIMESTAMP) AS period_started_at,         -- since when the present period runs
    s._deleted AS is_deleted                                                -- TRUE from the row on that takes it away
FROM raw.stripe_subscription_item__changes AS s
WHERE s.subscription_id IS NOT NULL
