-- What follows an opportunity: its closing, and the bills.

CREATE TABLE deal AS
SELECT
    FORMAT('O{:07d}', l.n) AS opportunity_id,
    l.n,
    l.lead_id,
    l.account_id,
    o.converted_w AS at_w,
    o.converted_w + 20 + 50 * chance('cycle', l.n) AS closed_w,
    chance('won', l.n) < 0.35 AS is_won,
    CASE WHEN l.role = 'customer' THEN 'expansion' ELSE 'new_business' END AS pipeline,
    ROUND((1500 + 120 * LEAST(COALESCE(l.employees, 10), 2000)) * (0.6 + 0.8 * chance('amount', l.n)), 2)::DECIMAL(18, 2) AS amount
FROM lead AS l
JOIN outcome AS o ON o.n = l.n
CROSS JOIN frame AS f
WHERE o.converted_w < f.until_w;

-- paid ones begin at the closing, a customer's began long before its lead, and a trial begins at its first signal
CREATE TABLE subscription AS
SELECT s.*, s.mrr = 0 AS is_trial
FROM (
    SELECT 'S' || d.n AS subscription_id, d.account_id, d.closed_w AS begin_w,
        CASE WHEN chance('given up', d.n) < 0.1 THEN d.closed_w + 60 + 200 * chance('given up after', d.n) END AS end_w,
        CASE WHEN d.amount < 5000 THEN 'team' WHEN d.amount < 30000 THEN 'business' ELSE 'enterprise' END AS plan,
        ROUND(d.amount / 12, 2)::DECIMAL(18, 2) AS mrr
    FROM deal AS d WHERE d.is_won AND d.account_id IS NOT NULL
    UNION ALL
    SELECT 'S-' || c.account_id, c.account_id, c.customer_w, NULL, 'business', ROUND(300 + 2000 * chance('mrr', c.account_n), 2)::DECIMAL(18, 2)
    FROM company AS c WHERE c.role = 'customer'
    UNION ALL
    SELECT 'T' || s.key, l.account_id, s.at_w, s.at_w + 14, 'trial', 0::DECIMAL(18, 2)
    FROM seen AS s JOIN lead AS l ON l.n = s.n WHERE s.signal = 'trial_started' AND l.account_id IS NOT NULL
) AS s;

CREATE TABLE invoice AS
SELECT
    i.subscription_id || '-' || i.month AS invoice_id,
    i.account_id,
    i.subscription_id,
    i.mrr AS total,
    i.at_w,
    CASE WHEN i.is_trial THEN i.at_w
         WHEN chance('paid', i.subscription_id || i.month) < 0.95 THEN i.at_w + 3 + 17 * chance('paid after', i.subscription_id || i.month) END AS paid_w
FROM (
    SELECT s.subscription_id, s.account_id, s.mrr, s.is_trial, m.month, s.begin_w + 30 * m.month AS at_w
    FROM subscription AS s
    CROSS JOIN frame AS f
    CROSS JOIN LATERAL (
        SELECT UNNEST(RANGE(CASE WHEN s.is_trial THEN 1
            ELSE GREATEST(0, CEIL((LEAST(COALESCE(s.end_w, f.until_w), f.until_w) - s.begin_w) / 30)::BIGINT) END)) AS month) AS m
) AS i;
