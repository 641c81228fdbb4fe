-- owner: growth
-- grain: one row per lead to be looked at by a person
--
-- A random part of the leads that the tiers hold back, to find whom they miss: a lead is in by a hash of its id and the salt,
-- whatever its score, and stays in from run to run. The share of each tier is in reference.review_sample; a rate among the
-- reviewed, divided by the share, estimates the whole.
SELECT
    s.lead_id AS lead_id,                                                 -- the lead
    s.as_of AS as_of,                                                     -- the newest moment
    s.tier AS tier,                                                       -- whose share it is of
    s.gates AS gates,                                                     -- rules that fire
    s.reasons AS reasons,                                                 -- up to three
    CAST(r.share AS DOUBLE) AS share,                                     -- the part of this tier that is drawn
    o.route AS route                                                      -- where it was to go instead, where a rule blocks it
FROM scores.latest AS s
JOIN reference.review_sample AS r
    ON  r.tier = s.tier
LEFT JOIN reference.other_routes AS o
    ON  o.rule = s.gates[1]
WHERE CAST('0x' || LEFT(MD5(r.salt || ':' || s.lead_id), 8) AS BIGINT) < CAST(r.share AS DOUBLE) * 4294967296
