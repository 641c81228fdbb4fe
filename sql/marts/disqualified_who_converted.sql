-- owner: growth
-- grain: one row per lead that was disqualified and converted later
--
-- What the gates cost: leads with the outcome after they had been disqualified, whenever that was. Nobody is deleted, so
-- nobody is missing here.
WITH blocked AS (
    SELECT
        s.lead_id,
        MIN(s.as_of) AS disqualified_at,
        ARG_MIN(s.gates, s.as_of) AS gates,
        ARG_MIN(s.cap_reason, s.as_of) AS cap_reason,
        ARG_MIN(s.override_by, s.as_of) AS override_by
    FROM scores.shown AS s
    WHERE s.tier = 'disqualified'
    GROUP BY s.lead_id
)
SELECT
    b.lead_id AS lead_id,                                                 -- the lead
    b.disqualified_at AS disqualified_at,                                 -- the first as_of at which it was
    b.cap_reason AS why,                                                  -- the reason people read
    b.gates AS gates,                                                     -- rules that fired then
    b.override_by AS override_by,                                         -- who disqualified it, where a person did
    r.route AS route,                                                     -- where it was to go instead
    o.outcome_at AS outcome_at,                                           -- when it converted all the same
    DATE_DIFF('day', b.disqualified_at, o.outcome_at) AS days_until       -- midnights between
FROM blocked AS b
JOIN labels.outcomes AS o
    ON  o.lead_id = b.lead_id
    AND o.outcome_at > b.disqualified_at
LEFT JOIN reference.other_routes AS r
    ON  r.rule = b.gates[1]
