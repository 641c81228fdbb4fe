-- owner: growth
-- grain: one row per month and tier
--
-- What became of the leads of each tier. A lead counts in each month in which it was scored, once, by its first score there;
-- only scores whose whole window has closed count, and NULL stands where none has. The rows of `hot` are the monthly
-- precision and recall.
WITH firsts AS (
    SELECT
        s.lead_id,
        DATE_TRUNC('month', s.as_of) AS month,
        MIN(s.as_of) AS as_of,
        ARG_MIN(s.tier, s.as_of) AS tier
    FROM scores.shown AS s
    GROUP BY s.lead_id, DATE_TRUNC('month', s.as_of)
),
judged AS (
    SELECT
        f.month,
        f.tier,
        f.as_of + to_days(CAST(p.horizon_days + p.ingest_lag_days AS INTEGER)) <= p.data_end_at AS is_mature,
        COALESCE(o.outcome_at > f.as_of AND o.outcome_at <= f.as_of + to_days(CAST(p.horizon_days AS INTEGER)), FALSE) AS converted,
        DATE_DIFF('day', f.as_of, o.outcome_at) AS days
    FROM firsts AS f
    CROSS JOIN labels.settings AS p
    LEFT JOIN labels.outcomes AS o
        ON  o.lead_id = f.lead_id
)
SELECT
    CAST(j.month AS DATE) AS month,                                       -- its first day
    j.tier AS tier,                                                       -- hot, warm, cold or disqualified
    COUNT(*) AS leads,                                                    -- scored in the month
    COUNT(*) FILTER (WHERE j.is_mature) AS mature,                        -- of them those whose window has closed
    COUNT(*) FILTER (WHERE j.is_mature AND j.converted) AS converted,     -- of those, with the outcome within the horizon
    COUNT(*) FILTER (WHERE j.is_mature AND j.converted) / NULLIF(COUNT(*) FILTER (WHERE j.is_mature), 0)
        AS conversion_rate,                                               -- precision of the tier
    COUNT(*) FILTER (WHERE j.is_mature AND j.converted)
        / NULLIF(SUM(COUNT(*) FILTER (WHERE j.is_mature AND j.converted)) OVER (PARTITION BY j.month), 0)
        AS share_of_conversions,                                          -- of the month's conversions: recall of the tier
    MEDIAN(j.days) FILTER (WHERE j.is_mature AND j.converted) AS median_days  -- from that score to the outcome
FROM judged AS j
GROUP BY j.month, j.tier
