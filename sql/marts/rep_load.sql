-- owner: growth
-- grain: one row per representative who was ever given a lead
--
-- How the leads are spread: what each was given of late and holds now. Leads that are no longer scored are held by nobody.
WITH held AS (
    SELECT
        a.lead_id,
        ARG_MAX_NULL(a.rep, a.number) AS rep
    FROM meta.assignments AS a
    GROUP BY a.lead_id
),
ends AS (
    SELECT MAX(s.as_of) AS as_of FROM scores.latest AS s
),
given AS (
    SELECT
        a.rep,
        COUNT(*) AS given,
        COUNT(*) FILTER (WHERE a.as_of > e.as_of - INTERVAL 7 DAY AND a.how <> 'owner') AS given_7d,
        MAX(a.as_of) AS last_given_at
    FROM meta.assignments AS a
    JOIN ends AS e
        ON  TRUE
    WHERE a.rep IS NOT NULL
    GROUP BY a.rep
)
SELECT
    g.rep AS rep,                                                         -- the representative
    g.given AS given,                                                     -- leads given, those that others have now included
    g.given_7d AS given_7d,                                               -- drawn in the 7 days to the newest as_of: what capacity counts
    g.last_given_at AS last_given_at,                                     -- as_of of the last one
    COUNT(s.lead_id) AS held,                                             -- scored leads that it has now
    COUNT(s.lead_id) FILTER (WHERE s.tier = 'hot') AS held_hot            -- of them hot
FROM given AS g
LEFT JOIN held AS h
    ON  h.rep = g.rep
LEFT JOIN scores.latest AS s
    ON  s.lead_id = h.lead_id
GROUP BY g.rep, g.given, g.given_7d, g.last_given_at
