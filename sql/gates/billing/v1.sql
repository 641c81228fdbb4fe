-- entity: lead (lead_id)
-- owner:  growth
--
-- What the lead's company pays where billing has customers of its own, as Stripe does: one is the lead's that names the lead
-- (with or without its connector's prefix), has its address, or an address of its business domain. Where invoices name the
-- CRM's accounts, icp and customers tell. TRUE where the rule fires, never NULL.
WITH people AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        REGEXP_REPLACE(spine.lead_id, '^[a-z0-9_]+:', '') AS bare_id,
        LOWER(TRIM(l.email)) AS email,
        CASE WHEN f.domain IS NULL THEN l.email_domain END AS domain
    FROM spine
    JOIN known.leads AS l
        ON  l.lead_id = spine.lead_id
        AND l.as_of = spine.as_of
    LEFT JOIN reference.free_mail_domains AS f
        ON  f.domain = l.email_domain
),
matches AS (
    SELECT
        pe.lead_id,
        pe.as_of,
        c.customer_id
    FROM people AS pe
    JOIN known.customers AS c
        ON  REGEXP_REPLACE(c.lead_id_stated, '^[a-z0-9_]+:', '') = pe.bare_id
        AND c.as_of = pe.as_of
    UNION
    SELECT
        pe.lead_id,
        pe.as_of,
        c.customer_id
    FROM people AS pe
    JOIN known.customers AS c
        ON  c.email = pe.email
        AND c.as_of = pe.as_of
    UNION
    SELECT
        pe.lead_id,
        pe.as_of,
        c.customer_id
    FROM people AS pe
    JOIN known.customers AS c
        ON  c.email_domain = pe.domain
        AND c.as_of = pe.as_of
),
payments AS (
    SELECT
        ma.lead_id,
        ma.as_of,
        COUNT(p.payment_id) AS payments
    FROM matches AS ma
    JOIN known.invoice_payments AS p
        ON  p.account_id = ma.customer_id
        AND p.as_of = ma.as_of
        AND p.amount_paid > 0
    GROUP BY ma.lead_id, ma.as_of
),
versions AS (
    SELECT
        ma.lead_id,
        ma.as_of,
        s.subscription_id,
        ARG_MAX_NULL(s.status, (s.occurred_at, s.ingested_at, s.subscription_id)) AS status
    FROM matches AS ma
    JOIN known.subscriptions AS s
        ON  s.account_id = ma.customer_id
        AND s.as_of = ma.as_of
    GROUP BY ma.lead_id, ma.as_of, s.subscription_id
),
in_force AS (
    SELECT
        ve.lead_id,
        ve.as_of,
        COUNT(ve.subscription_id) FILTER (WHERE ve.status = 'trialing') AS trying,
        COUNT(ve.subscription_id) FILTER (WHERE ve.status = 'canceled') AS ended,
        COUNT(ve.subscription_id) FILTER (WHERE ve.status <> 'canceled') AS running
    FROM versions AS ve
    GROUP BY ve.lead_id, ve.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(pa.payments > 0, FALSE)
        AS is_billed_already,                           -- block: Company pays us already
    COALESCE(fo.trying > 0, FALSE)
        AS is_billed_trial,                             -- flag: Company tries a subscription
    COALESCE(fo.ended > 0 AND fo.running = 0, FALSE)
        AS has_ended_subscription                       -- flag: Company had a subscription that ended
FROM spine
LEFT JOIN payments AS pa
    ON  pa.lead_id = spine.lead_id
    AND pa.as_of = spine.as_of
LEFT JOIN in_force AS fo
    ON  fo.lead_id = spine.lead_id
    AND fo.as_of = spine.as_of
