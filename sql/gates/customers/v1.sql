-- entity: lead (lead_id)
-- owner:  growth
--
-- What the lead's company pays, or paid: for rules, since billing before as_of tells of customers and not of leads (the gate
-- icp blocks those who paid). A subscription counts in its version in force that names the account. TRUE where the rule
-- fires, never NULL.
WITH companies AS MATERIALIZED (
    SELECT
        spine.lead_id,
        spine.as_of,
        la.account_id
    FROM spine
    JOIN links.lead_account__v1 AS la
        ON  la.lead_id = spine.lead_id
        AND la.as_of = spine.as_of
),
versions AS (
    SELECT
        co.lead_id,
        co.as_of,
        s.subscription_id,
        ARG_MAX_NULL(s.plan, (s.occurred_at, s.ingested_at, s.subscription_id)) AS plan,
        ARG_MAX_NULL(s.status, (s.occurred_at, s.ingested_at, s.subscription_id)) AS status
    FROM companies AS co
    JOIN known.subscriptions AS s
        ON  s.account_id = co.account_id
        AND s.as_of = co.as_of
    GROUP BY co.lead_id, co.as_of, s.subscription_id
),
in_force AS (
    SELECT
        ve.lead_id,
        ve.as_of,
        COUNT(ve.subscription_id) FILTER (WHERE ve.status = 'active' AND COALESCE(ve.plan, '') <> 'trial') AS paying,
        COUNT(ve.subscription_id) FILTER (WHERE ve.status = 'trialing') AS trying,
        COUNT(ve.subscription_id) FILTER (WHERE ve.status = 'canceled' AND COALESCE(ve.plan, '') <> 'trial') AS ended
    FROM versions AS ve
    GROUP BY ve.lead_id, ve.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(fo.paying > 0, FALSE)
        AS is_subscribed,                               -- flag: Company has a paid subscription
    COALESCE(fo.ended > 0 AND fo.paying = 0, FALSE)
        AS has_churned,                                 -- flag: Company was a customer and left
    COALESCE(fo.trying > 0, FALSE)
        AS is_in_trial                                  -- flag: Company is in a trial
FROM spine
LEFT JOIN in_force AS fo
    ON  fo.lead_id = spine.lead_id
    AND fo.as_of = spine.as_of
