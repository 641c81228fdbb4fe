-- owner: growth
-- grain: one row per lead that was hot or warm once and is neither now
--
-- The list of leads to warm up again: once hot or warm, cold at their newest score, neither disqualified nor converted. Those
-- with a trigger of requalification@v1 come first, then the highest score they once had.
WITH scored AS (
    SELECT
        s.lead_id,
        MAX(s.as_of) AS as_of,
        ARG_MAX(s.tier, s.as_of) AS tier,
        ARG_MAX(s.composite, s.as_of) AS score,
        ARG_MAX(s.gates, s.as_of) AS gates,
        MAX(s.composite) AS best_score,
        ARG_MAX(s.tier, (s.composite, s.as_of)) AS best_tier,
        MAX(s.as_of) FILTER (WHERE s.tier IN ('hot', 'warm')) AS last_open_at
    FROM scores.shown AS s
    GROUP BY s.lead_id
),
known AS (
    SELECT LIST(r.trigger) AS triggers FROM reference.requalification AS r
)
SELECT
    sc.lead_id AS lead_id,                                                -- the lead
    sc.as_of AS as_of,                                                    -- of its newest score: it may be too old to be scored any more
    sc.score AS score,                                                    -- by that
    sc.best_score AS best_score,                                          -- the highest it had
    sc.best_tier AS best_tier,                                            -- and the tier with it
    sc.last_open_at AS last_open_at,                                      -- when it was hot or warm for the last time
    DATE_DIFF('day', sc.last_open_at, sc.as_of) AS days_cold,             -- midnights since
    LIST_SORT(LIST_INTERSECT(sc.gates, k.triggers)) AS triggers,          -- what makes it worth another look now
    ROW_NUMBER() OVER (ORDER BY LIST_HAS_ANY(sc.gates, k.triggers) DESC, sc.best_score DESC, sc.lead_id)
        AS place                                                          -- 1 is to be warmed up first
FROM scored AS sc
JOIN known AS k
    ON  TRUE
LEFT JOIN labels.outcomes AS o
    ON  o.lead_id = sc.lead_id
WHERE sc.tier = 'cold' AND sc.last_open_at IS NOT NULL AND o.lead_id IS NULL
