-- key:     price_id
-- frozen:  id, product_id, currency, unit_amount_decimal, recurring_interval, recurring_interval_count, created, livemode
-- assumed: ingested_at is occurred_at + INTERVAL 3 HOUR
--
-- One row per price, when it was made; what it says never changes, also once it is archived or deleted.
SELECT
    'stripe:' || CAST(p.id AS VARCHAR) AS price_id,                         -- the price
    CAST(p.created AS TIMESTAMP) AS occurred_at,                            -- when it was made
    CAST(p.created AS TIMESTAMP) AS ingested_at,                            -- assumed
    'stripe:' || CAST(p.product_id AS VARCHAR) AS product_id,               -- what it is the price of
    CAST(p.currency AS VARCHAR) AS currency,                                -- three letters
    CAST(CAST(p.unit_amount_decimal AS DECIMAL(18, 6)) / (
        CASE p.recurring_interval WHEN 'year' THEN 12 WHEN 'month' THEN 1 END * CAST(p.recurring_interval_count AS BIGINT)
    ) AS DECIMAL(18, 6)) AS monthly_unit_amount                             -- a month, in the smallest unit; NULL for tiers
FROM raw.stripe_price AS p
WHERE CAST(p.livemode AS BOOLEAN)
