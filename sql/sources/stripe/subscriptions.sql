-- key:          subscription_id, occurred_at
-- rows:         appended
-- availability: account_id = outcome, plan = outcome, status = outcome, mrr = outcome, quantity = outcome
--
-- One row per version of a subscription; the version in force is the latest known, and its end is not stored. Ends of
-- trials, periods and planned cancellations lie in the future and are no columns; a start may be dated back, so a
-- subscription begins with its first version. Plan and price stand with the items, which have no past.
SELECT
    'stripe:' || CAST(s.id AS VARCHAR) AS subscription_id,                  -- the subscription
    CAST(s._fivetran_start AS TIMESTAMP) AS occurred_at,                    -- when the version began
    CAST(s._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when it arrived
    'stripe:' || CAST(s.customer_id AS VARCHAR) AS account_id,              -- the customer
    CAST(NULL AS VARCHAR) AS plan,                                          -- with the items
    CAST(s.status AS VARCHAR) AS status,                                    -- trialing, active, past_due, canceled, …
    CAST(NULL AS DECIMAL(18, 2)) AS mrr,                                    -- with the items
    CAST(s.quantity AS BIGINT) AS quantity,                                 -- seats
    CAST(s.canceled_at AS TIMESTAMP) AS cancel_asked_at                     -- when it was asked to end; the end is a plan
FROM raw.stripe_subscription_history AS s
WHERE s.id IS NOT NULL AND CAST(s.livemode AS BOOLEAN)
