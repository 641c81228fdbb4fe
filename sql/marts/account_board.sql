-- owner: growth
-- grain: one row per account with a scored lead at the newest as_of of a full run
--
-- Which companies to work: their leads by tier, and 0 to 100 points for what all their people do, who they are, whether it
-- rises, and whether a competing product is in use. Each part grows evenly up to where reference.account_points says it is
-- full. The bounds of high and medium stand in reference.account_priorities: any one of a row is enough. Disqualified leads
-- give no points.
WITH board AS (
    SELECT
        la.account_id,
        s.as_of,
        s.lead_id,
        s.tier,
        s.composite,
        s.p_cal,
        s.reasons[1] AS reason,
        ' ' || REGEXP_REPLACE(LOWER(l.title), '[^\p{L}\p{N}]+', ' ', 'g') || ' ' AS words
    FROM scores.shown AS s
    JOIN links.lead_account__v1 AS la
        ON  la.lead_id = s.lead_id
        AND la.as_of = s.as_of
    LEFT JOIN staging.leads AS l
        ON  l.lead_id = s.lead_id
    WHERE s.as_of = (SELECT MAX(n.as_of) FROM scores.shown AS n)
),
touched AS (
    SELECT w.lead_id, w.occurred_at, w.ingested_at FROM staging.web_events AS w
    UNION ALL
    SELECT f.lead_id, f.occurred_at, f.ingested_at FROM staging.form_submissions AS f
    UNION ALL
    SELECT e.lead_id, e.occurred_at, e.ingested_at FROM staging.email_events AS e WHERE e.event_type IN ('click', 'reply')
),
active AS (
    SELECT
        b.lead_id,
        COUNT(*) FILTER (WHERE t.occurred_at >= b.as_of - INTERVAL 7 DAY) AS week,
        COUNT(*) FILTER (WHERE t.occurred_at >= b.as_of - INTERVAL 30 DAY) AS month,
        COUNT(*) FILTER (WHERE t.occurred_at < b.as_of - INTERVAL 7 DAY) AS month_before
    FROM board AS b
    JOIN touched AS t
        ON  t.lead_id = b.lead_id
        AND t.occurred_at >= b.as_of - INTERVAL 37 DAY
        AND t.occurred_at < b.as_of
        AND t.ingested_at <= b.as_of
    WHERE b.tier <> 'disqualified'
    GROUP BY b.lead_id
),
seniorities AS (
    SELECT
        b.lead_id,
        ARG_MIN(w.seniority, (CAST(w.priority AS INTEGER), w.word)) AS seniority
    FROM board AS b
    JOIN reference.seniority_words AS w
        ON  CONTAINS(b.words, ' ' || w.word || ' ')
    GROUP BY b.lead_id
),
functions AS (
    SELECT
        b.lead_id,
        ARG_MIN(w.job_function, (CAST(w.priority AS INTEGER), w.word)) AS job_function
    FROM board AS b
    JOIN reference.function_words AS w
        ON  CONTAINS(b.words, ' ' || w.word || ' ')
    GROUP BY b.lead_id
),
summed AS (
    SELECT
        b.account_id,
        MAX(b.as_of) AS as_of,
        COUNT(*) AS leads,
        COUNT(*) FILTER (WHERE b.tier = 'hot') AS hot,
        COUNT(*) FILTER (WHERE b.tier = 'warm') AS warm,
        COUNT(*) FILTER (WHERE b.tier = 'disqualified') AS disqualified,
        MAX(b.composite) AS best_score,
        ARG_MAX(b.lead_id, (b.composite, b.lead_id)) AS best_lead,
        ARG_MAX(b.reason, (b.composite, b.lead_id)) AS best_reason,
        -- in one order: a product of doubles differs in its last digits by the order of its factors
        1 - LIST_REDUCE(
            LIST(1 - b.p_cal ORDER BY b.lead_id) FILTER (WHERE b.tier <> 'disqualified' AND b.p_cal IS NOT NULL),
            LAMBDA one, other: one * other
        ) AS chance_of_any,
        CAST(COALESCE(SUM(ac.month), 0) AS BIGINT) AS touches,
        COUNT(*) FILTER (WHERE ac.month > 0) AS people,
        COUNT(*) FILTER (WHERE ac.month > 0 AND sn.seniority IN ('founder', 'director')) AS deciders,
        COUNT(DISTINCT NULLIF(fn.job_function, 'other')) FILTER (WHERE ac.month > 0) AS functions,
        COALESCE(SUM(ac.week), 0) / GREATEST(COALESCE(SUM(ac.month_before), 0), 1) AS surge
    FROM board AS b
    LEFT JOIN active AS ac
        ON  ac.lead_id = b.lead_id
    LEFT JOIN seniorities AS sn
        ON  sn.lead_id = b.lead_id
    LEFT JOIN functions AS fn
        ON  fn.lead_id = b.lead_id
    GROUP BY b.account_id
),
domains AS (
    SELECT
        su.account_id,
        su.as_of,
        ARG_MAX_NULL(a.domain, (a.occurred_at, a.ingested_at)) AS domain
    FROM summed AS su
    JOIN staging.accounts AS a
        ON  a.account_id = su.account_id
        AND a.occurred_at < su.as_of
        AND a.ingested_at <= su.as_of
    GROUP BY su.account_id, su.as_of
),
sightings AS (
    SELECT
        d.account_id,
        x.product,
        ARG_MAX_NULL(x.status, (x.occurred_at, x.ingested_at)) AS status
    FROM domains AS d
    JOIN staging.ext_technographics AS x
        ON  x.account_domain = d.domain
        AND x.occurred_at < d.as_of
        AND x.ingested_at <= d.as_of
    GROUP BY d.account_id, x.product
),
rivals AS (
    SELECT
        si.account_id,
        COUNT(*) AS competing
    FROM sightings AS si
    JOIN reference.products AS p
        ON  p.product = LOWER(si.product)
        AND p.meaning = 'competing'
    WHERE si.status = 'seen'
    GROUP BY si.account_id
),
measured AS (
    SELECT
        su.account_id,
        UNNEST([
            {'part': 'engagement', 'value': CAST(su.touches AS DOUBLE)},
            {'part': 'coverage', 'value': CAST(su.people AS DOUBLE)},
            {'part': 'deciders', 'value': CAST(su.deciders AS DOUBLE)},
            {'part': 'functions', 'value': CAST(su.functions AS DOUBLE)},
            {'part': 'surge', 'value': CAST(su.surge AS DOUBLE)},
            {'part': 'displacement', 'value': CAST(COALESCE(r.competing, 0) AS DOUBLE)}
        ]) AS measure
    FROM summed AS su
    LEFT JOIN rivals AS r
        ON  r.account_id = su.account_id
),
pointed AS (
    SELECT
        m.account_id,
        ROUND(SUM(CAST(p.points AS DOUBLE) * LEAST(m.measure.value / CAST(p.full_at AS DOUBLE), 1) ORDER BY p.part), 1) AS points
    FROM measured AS m
    JOIN reference.account_points AS p
        ON  p.part = m.measure.part
    GROUP BY m.account_id
),
placed AS (
    SELECT
        su.account_id,
        BOOL_OR(b.priority = 'high') AS is_high,
        BOOL_OR(b.priority = 'medium') AS is_medium
    FROM summed AS su
    JOIN pointed AS po
        ON  po.account_id = su.account_id
    JOIN reference.account_priorities AS b
        ON  po.points >= CAST(b.least_points AS DOUBLE)
        OR  su.hot >= CAST(b.least_hot AS INTEGER)
        OR  su.warm >= CAST(b.least_warm AS INTEGER)
        OR  su.leads - su.disqualified >= CAST(b.least_open AS INTEGER)
    GROUP BY su.account_id
)
SELECT
    su.account_id AS account_id,                                          -- the account
    su.as_of AS as_of,                                                    -- the moment
    su.leads AS leads,                                                    -- scored, disqualified ones included
    su.hot AS hot,                                                        -- of them hot
    su.warm AS warm,                                                      -- warm
    su.disqualified AS disqualified,                                      -- disqualified
    su.best_score AS best_score,                                          -- of its leads
    su.best_lead AS best_lead,                                            -- whose that is
    su.best_reason AS best_reason,                                        -- and its first reason
    su.chance_of_any AS chance_of_any,                                    -- that one of them converts, as if they did so apart; NULL without a model
    su.touches AS touches_30d,                                            -- page views, forms, clicks and replies of all its people in 30 days
    su.people AS engaged_people_30d,                                      -- people with a touch in 30 days
    su.deciders AS engaged_deciders_30d,                                  -- founders, chiefs and directors among those
    su.functions AS engaged_functions_30d,                                -- different functions of those, by title
    ROUND(su.surge, 2) AS surge_ratio,                                    -- touches of 7 days to one of the 30 days before
    COALESCE(r.competing, 0) AS competing_products,                       -- products in use that compete with ours
    po.points AS account_score,                                           -- 0 to 100: the points of these parts
    CASE
        WHEN pl.is_high THEN 'high'
        WHEN pl.is_medium THEN 'medium'
        ELSE 'low'
    END AS priority                                                       -- high, medium or low
FROM summed AS su
JOIN pointed AS po
    ON  po.account_id = su.account_id
LEFT JOIN rivals AS r
    ON  r.account_id = su.account_id
LEFT JOIN placed AS pl
    ON  pl.account_id = su.account_id
