-- owner: growth
-- grain: one row per month and decile of the score
--
-- Whether the top tenth outperforms, and what it brings: leads in tenths of each month by their first score there, with
-- conversions within the horizon, opportunities won and their amount. Decile 1 has the highest scores; ties are broken by
-- a hash of the lead.
WITH firsts AS (
    SELECT
        s.lead_id,
        DATE_TRUNC('month', s.as_of) AS month,
        MIN(s.as_of) AS as_of,
        ARG_MIN(s.composite, s.as_of) AS composite,
        ARG_MIN(s.p_cal, s.as_of) AS p_cal
    FROM scores.shown AS s
    GROUP BY s.lead_id, DATE_TRUNC('month', s.as_of)
),
won AS (
    SELECT
        o.lead_id,
        MIN(c.occurred_at) AS won_at,
        SUM(c.amount) AS amount
    FROM staging.opportunities AS o
    JOIN staging.opportunity_closings AS c
        ON  c.opportunity_id = o.opportunity_id
    WHERE c.is_won
    GROUP BY o.lead_id
),
judged AS (
    SELECT
        f.month,
        f.p_cal,
        NTILE(10) OVER (PARTITION BY f.month ORDER BY f.composite DESC, MD5(f.lead_id)) AS decile,
        f.as_of + to_days(CAST(p.horizon_days + p.ingest_lag_days AS INTEGER)) <= p.data_end_at AS is_mature,
        COALESCE(o.outcome_at > f.as_of AND o.outcome_at <= f.as_of + to_days(CAST(p.horizon_days AS INTEGER)), FALSE) AS converted,
        w.won_at > f.as_of AS is_won,
        CASE WHEN w.won_at > f.as_of THEN w.amount END AS amount
    FROM firsts AS f
    CROSS JOIN labels.settings AS p
    LEFT JOIN labels.outcomes AS o
        ON  o.lead_id = f.lead_id
    LEFT JOIN won AS w
        ON  w.lead_id = f.lead_id
)
SELECT
    CAST(j.month AS DATE) AS month,                                       -- its first day
    j.decile AS decile,                                                   -- 1 to 10, 1 the highest scores
    COUNT(*) AS leads,                                                    -- scored in the month
    COUNT(*) FILTER (WHERE j.is_mature) AS mature,                        -- of them those whose window has closed
    COUNT(*) FILTER (WHERE j.is_mature AND j.converted) AS converted,     -- of those, with the outcome within the horizon
    COUNT(*) FILTER (WHERE j.is_mature AND j.converted) / NULLIF(COUNT(*) FILTER (WHERE j.is_mature), 0)
        AS conversion_rate,                                               -- of the mature
    (COUNT(*) FILTER (WHERE j.is_mature AND j.converted) / NULLIF(COUNT(*) FILTER (WHERE j.is_mature), 0))
        / NULLIF(
            SUM(COUNT(*) FILTER (WHERE j.is_mature AND j.converted)) OVER (PARTITION BY j.month)
            / NULLIF(SUM(COUNT(*) FILTER (WHERE j.is_mature)) OVER (PARTITION BY j.month), 0), 0)
        AS lift,                                                          -- over the month's mean rate
    AVG(j.p_cal) AS mean_chance,                                          -- as it was said; NULL without a model
    COUNT(*) FILTER (WHERE j.is_won) AS won,                              -- leads with an opportunity won since, mature or not
    100 * SUM(j.amount) / COUNT(*) AS won_per_100_leads                   -- amount won since, by 100 leads; currencies are not converted
FROM judged AS j
GROUP BY j.month, j.decile
