-- owner: growth
-- grain: one row per week of creation
--
-- How long leads wait from being known to their first score. Only leads that came after the project's first score count: those
-- before could not be scored sooner.
WITH scored AS (
    SELECT
        h.lead_id,
        MIN(h.written_at) AS first_scored_at
    FROM scores.history AS h
    WHERE h.role = 'champion'
    GROUP BY h.lead_id
),
begun AS (
    SELECT MIN(s.first_scored_at) AS at
    FROM scored AS s
),
waits AS (
    SELECT
        DATE_TRUNC('week', l.ingested_at) AS week,
        DATE_DIFF('second', l.ingested_at, s.first_scored_at) / 3600.0 AS hours
    FROM staging.leads AS l
    CROSS JOIN begun AS b
    LEFT JOIN scored AS s
        ON  s.lead_id = l.lead_id
    WHERE l.ingested_at > b.at
)
SELECT
    CAST(w.week AS DATE) AS week,                                         -- its Monday
    COUNT(*) AS leads,                                                    -- that came in it
    COUNT(w.hours) AS scored,                                             -- of them with a score by now
    COUNT(*) FILTER (WHERE w.hours < 1) / NULLIF(COUNT(w.hours), 0) AS share_within_1h,  -- of the scored
    MEDIAN(w.hours) AS median_hours,                                      -- half waited no longer
    QUANTILE_CONT(w.hours, 0.9) AS p90_hours                              -- nine in ten waited no longer
FROM waits AS w
GROUP BY w.week
