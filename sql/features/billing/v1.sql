-- entity: account (account_id)
-- owner:  growth
--
-- What the account pays, or paid. For models of customers and for rules: a company that pays is a customer already, which
-- the gate icp tells, and no signal of a new one. A subscription counts in its version in force that names the account.
WITH versions AS (
    SELECT
        spine.account_id,
        spine.as_of,
        s.subscription_id,
        ARG_MAX_NULL(s.plan, (s.occurred_at, s.ingested_at, s.subscription_id)) AS plan,
        ARG_MAX_NULL(s.status, (s.occurred_at, s.ingested_at, s.subscription_id)) AS status,
        ARG_MAX_NULL(s.mrr, (s.occurred_at, s.ingested_at, s.subscription_id)) AS mrr
    FROM spine
    JOIN known.subscriptions AS s
        ON  s.account_id = spine.account_id
        AND s.as_of = spine.as_of
    GROUP BY spine.account_id, spine.as_of, s.subscription_id
),
in_force AS (
    SELECT
        ve.account_id,
        ve.as_of,
        COUNT(ve.subscription_id) FILTER (WHERE ve.status = 'active' AND COALESCE(ve.plan, '') <> 'trial') AS paying,
        COUNT(ve.subscription_id) FILTER (WHERE ve.status = 'trialing') AS trying,
        COUNT(ve.subscription_id) FILTER (WHERE ve.status = 'canceled' AND COALESCE(ve.plan, '') <> 'trial') AS ended,
        ARG_MAX(ve.plan, (COALESCE(ve.mrr, 0), ve.subscription_id)) FILTER (WHERE ve.status IN ('active', 'trialing')) AS plan,
        CAST(SUM(ve.mrr) FILTER (WHERE ve.status = 'active') AS DECIMAL(18, 2)) AS mrr
    FROM versions AS ve
    GROUP BY ve.account_id, ve.as_of
),
payments AS (
    SELECT
        spine.account_id,
        spine.as_of,
        COUNT(p.payment_id) AS payments,
        MAX(p.occurred_at) AS last_at
    FROM spine
    JOIN known.invoice_payments AS p
        ON  p.account_id = spine.account_id
        AND p.as_of = spine.as_of
        AND p.amount_paid > 0
        AND p.occurred_at >= spine.as_of - INTERVAL 365 DAY
    GROUP BY spine.account_id, spine.as_of
)
SELECT
    spine.account_id,
    spine.as_of,
    COALESCE(fo.paying, 0) > 0
        AS is_paying,                                   -- TRUE with an active subscription that is no trial
    COALESCE(fo.ended, 0) > 0 AND COALESCE(fo.paying, 0) = 0
        AS has_churned,                                 -- TRUE if paid subscriptions ended and none is active
    COALESCE(fo.trying, 0) > 0
        AS is_in_trial,                                 -- TRUE with a trial under way
    fo.plan AS plan,                                    -- plan of its largest active or trial subscription; NULL without one
    COALESCE(fo.mrr, 0)
        AS mrr_usd,                                     -- recurring revenue a month of active subscriptions, USD
    COALESCE(pa.payments, 0)
        AS payments_365d,                               -- payments above 0 in the last 365 days
    DATE_DIFF('day', pa.last_at, spine.as_of)
        AS days_since_last_payment                      -- midnights since the last payment above 0; NULL after 365 days
FROM spine
LEFT JOIN in_force AS fo
    ON  fo.account_id = spine.account_id
    AND fo.as_of = spine.as_of
LEFT JOIN payments AS pa
    ON  pa.account_id = spine.account_id
    AND pa.as_of = spine.as_of
