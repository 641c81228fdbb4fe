-- owner: growth
-- grain: one row per target
--
-- Where qualification stands against its targets, over all there is: `passes` is TRUE, FALSE, or NULL where it cannot be told
-- yet, and `why_not` says why. A project's own sql/reference/targets.csv has its own bounds.
WITH firsts AS (
    SELECT
        s.lead_id,
        MIN(s.as_of) AS as_of,
        ARG_MIN(s.tier, s.as_of) AS tier,
        ARG_MIN(s.p_cal, s.as_of) AS p_cal,
        MAX(CASE WHEN s.tier = 'hot' THEN 1 ELSE 0 END) AS was_hot
    FROM scores.shown AS s
    GROUP BY s.lead_id
),
judged AS (
    SELECT
        f.tier,
        f.p_cal,
        f.was_hot,
        COALESCE(o.outcome_at > f.as_of AND o.outcome_at <= f.as_of + to_days(CAST(p.horizon_days AS INTEGER)), FALSE) AS converted
    FROM firsts AS f
    CROSS JOIN labels.settings AS p
    LEFT JOIN labels.outcomes AS o
        ON  o.lead_id = f.lead_id
    WHERE f.as_of + to_days(CAST(p.horizon_days + p.ingest_lag_days AS INTEGER)) <= p.data_end_at
),
outcomes AS (
    SELECT
        COUNT(*) AS mature,
        COUNT(*) FILTER (WHERE j.tier = 'hot') AS qualified,
        COUNT(*) FILTER (WHERE j.tier = 'hot' AND j.converted) AS hits,
        COUNT(*) FILTER (WHERE j.converted) AS conversions,
        COUNT(*) FILTER (WHERE j.converted AND j.was_hot = 0) AS missed,
        SUM(j.p_cal) AS expected,
        COUNT(*) FILTER (WHERE j.converted AND j.p_cal IS NOT NULL) AS observed
    FROM judged AS j
),
words AS (
    SELECT
        f.lead_id,
        MAX(f.occurred_at) AS said_at,
        ARG_MAX(f.kind, (f.occurred_at, f.feedback_id)) AS kind
    FROM staging.lead_feedback AS f
    WHERE f.kind IN ('accepted', 'rejected', 'bad_fit')
    GROUP BY f.lead_id
),
reviewed AS (
    SELECT
        COUNT(*) AS leads,
        COUNT(*) FILTER (WHERE x.kind = 'accepted') AS accepted
    FROM (
        SELECT
            w.lead_id,
            w.kind,
            ARG_MAX(s.tier, s.as_of) AS tier
        FROM words AS w
        JOIN scores.shown AS s
            ON  s.lead_id = w.lead_id
            AND s.as_of <= w.said_at
        GROUP BY w.lead_id, w.kind
    ) AS x
    WHERE x.tier = 'hot'
),
scored AS (
    SELECT
        h.lead_id,
        MIN(h.written_at) AS first_scored_at
    FROM scores.history AS h
    WHERE h.role = 'champion'
    GROUP BY h.lead_id
),
waits AS (
    SELECT
        COUNT(s.first_scored_at) AS leads,
        MEDIAN(DATE_DIFF('second', l.ingested_at, s.first_scored_at) / 3600.0) AS hours
    FROM staging.leads AS l
    LEFT JOIN scored AS s
        ON  s.lead_id = l.lead_id
    WHERE l.ingested_at > (SELECT MIN(b.first_scored_at) FROM scored AS b)
),
months AS (
    SELECT
        COUNT(*) FILTER (WHERE l.occurred_at > p.data_end_at - INTERVAL 28 DAY) AS newest,
        COUNT(*) FILTER (WHERE l.occurred_at <= p.data_end_at - INTERVAL 28 DAY AND l.occurred_at > p.data_end_at - INTERVAL 56 DAY)
            AS before
    FROM staging.leads AS l
    CROSS JOIN labels.settings AS p
    JOIN firsts AS f
        ON  f.lead_id = l.lead_id
        AND f.was_hot = 1
),
load AS (
    SELECT
        COUNT(*) FILTER (WHERE f.was_hot = 1 AND l.occurred_at > p.data_end_at - INTERVAL 28 DAY) / 4.0 AS hot_per_week,
        MAX(p.leads_per_week) AS leads_per_week
    FROM staging.leads AS l
    CROSS JOIN labels.settings AS p
    LEFT JOIN firsts AS f
        ON  f.lead_id = l.lead_id
),
found AS (
    SELECT 'accuracy' AS target, o.hits / NULLIF(o.qualified, 0) AS value, o.qualified AS leads, 'no hot lead is mature' AS missing
    FROM outcomes AS o
    UNION ALL
    SELECT 'lift', (o.hits / NULLIF(o.qualified, 0)) / NULLIF(o.conversions / NULLIF(o.mature, 0), 0) - 1, o.qualified, 'no hot lead is mature, or no lead has converted'
    FROM outcomes AS o
    UNION ALL
    SELECT 'acceptance', r.accepted / NULLIF(r.leads, 0), r.leads, 'sales has said nothing of a hot lead'
    FROM reviewed AS r
    UNION ALL
    SELECT 'false_positives', 1 - r.accepted / NULLIF(r.leads, 0), r.leads, 'sales has said nothing of a hot lead'
    FROM reviewed AS r
    UNION ALL
    SELECT 'false_negatives', o.missed / NULLIF(o.conversions, 0), o.conversions, 'no mature lead has converted'
    FROM outcomes AS o
    UNION ALL
    SELECT 'time_to_qualify', w.hours, w.leads, 'no lead came since the first score'
    FROM waits AS w
    UNION ALL
    SELECT 'prediction', ABS(o.expected / NULLIF(o.observed, 0) - 1), o.observed, 'no mature lead has both a chance and the outcome'
    FROM outcomes AS o
    UNION ALL
    SELECT 'velocity', m.newest / NULLIF(m.before, 0) - 1, m.newest, 'no hot lead of the 28 days before'
    FROM months AS m
    UNION ALL
    SELECT 'load', l.hot_per_week / NULLIF(l.leads_per_week, 0), CAST(4 * l.hot_per_week AS BIGINT), 'no leads'
    FROM load AS l
)
SELECT
    t.target AS target,                                                   -- its code in reference.targets
    t.words AS words,                                                     -- what is measured
    f.value AS value,                                                     -- what it is; NULL where it cannot be told
    f.leads AS leads,                                                     -- that it rests on
    CAST(t.low AS DOUBLE) AS low,                                         -- the least it should be; NULL without
    CAST(t.high AS DOUBLE) AS high,                                       -- the most
    t.unit AS unit,                                                       -- share or hours
    CASE
        WHEN f.value IS NOT NULL THEN COALESCE(f.value >= CAST(t.low AS DOUBLE), TRUE) AND COALESCE(f.value <= CAST(t.high AS DOUBLE), TRUE)
    END AS passes,                                                        -- whether it stands within; NULL where it cannot be told
    CASE WHEN f.value IS NULL THEN COALESCE(f.missing, 'leadmart has no such figure: measure it outside') END AS why_not  -- it cannot be told
FROM reference.targets AS t
LEFT JOIN found AS f
    ON  f.target = t.target
