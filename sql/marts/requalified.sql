-- owner: growth
-- grain: one row per lead and as_of at which a trigger began
--
-- Who is worth another look, and why: a trigger of the gate requalification@v1 begins to fire on a lead that was scored before
-- and was not ready for sales then. Each beginning is one row; disqualified leads are here too, since nobody is forgotten.
WITH looked AS (
    SELECT
        s.lead_id,
        s.as_of,
        s.tier,
        s.composite,
        s.gates,
        LAG(s.as_of) OVER (PARTITION BY s.lead_id ORDER BY s.as_of) AS as_of_before,
        LAG(s.tier) OVER (PARTITION BY s.lead_id ORDER BY s.as_of) AS tier_before,
        LAG(s.composite) OVER (PARTITION BY s.lead_id ORDER BY s.as_of) AS score_before,
        LAG(s.gates) OVER (PARTITION BY s.lead_id ORDER BY s.as_of) AS gates_before
    FROM scores.shown AS s
)
SELECT
    l.lead_id AS lead_id,                                                 -- the lead
    l.as_of AS as_of,                                                     -- when the trigger was first seen
    LIST(r.trigger ORDER BY r.trigger) AS triggers,                       -- rules that began to fire
    LIST(r.words ORDER BY r.trigger) AS why,                              -- their words
    ANY_VALUE(l.as_of_before) AS as_of_before,                            -- of the score before
    ANY_VALUE(l.tier_before) AS tier_before,                              -- and its tier
    ANY_VALUE(l.tier) AS tier,                                            -- tier now
    ANY_VALUE(l.score_before) AS score_before,                            -- score before
    ANY_VALUE(l.composite) AS score                                       -- score now
FROM looked AS l
JOIN reference.requalification AS r
    ON  LIST_CONTAINS(l.gates, r.trigger)
    AND NOT LIST_CONTAINS(l.gates_before, r.trigger)
WHERE l.tier_before <> 'hot'
GROUP BY l.lead_id, l.as_of
