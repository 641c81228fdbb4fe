-- key:   subscription_id, changed_at
-- again: plan = UPPER(plan)
--
-- Change rows of subscriptions: trials that end after two weeks, paid ones that go on or are given up.
SELECT
    s.subscription_id, s.account_id, CASE WHEN s.is_trial THEN 'trial' ELSE s.plan END AS plan,
    CASE WHEN v.change = 'ends' THEN 'canceled' WHEN s.is_trial THEN 'trialing' ELSE 'active' END AS status,
    CASE WHEN v.change = 'ends' THEN 0 ELSE s.mrr END::DECIMAL(18, 2) AS mrr,
    on_clock(v.at_w) AS changed_at,
    arrival('subscriptions', s.subscription_id || v.change, on_clock(v.at_w), 120) AS synced_at
FROM subscription AS s
CROSS JOIN LATERAL (SELECT UNNEST(['begins', 'ends']) AS change, UNNEST([s.begin_w, s.end_w]) AS at_w) AS v
WHERE v.at_w IS NOT NULL
