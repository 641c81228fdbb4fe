-- owner: growth
-- grain: one row per lead of the newest as_of that somebody has, or that waits for somebody
--
-- What each representative works, with what a playbook says of it: the newest assignment of each lead, and why.
WITH held AS (
    SELECT
        a.lead_id,
        ARG_MAX_NULL(a.rep, a.number) AS rep,
        ARG_MAX(a.how, a.number) AS how,
        ARG_MAX_NULL(a.rule, a.number) AS rule,
        ARG_MAX(a.why, a.number) AS why,
        MAX(a.as_of) AS since
    FROM meta.assignments AS a
    GROUP BY a.lead_id
)
SELECT
    s.lead_id AS lead_id,                                                 -- the lead
    s.as_of AS as_of,                                                     -- the moment
    h.rep AS rep,                                                         -- who has it; NULL while it waits
    h.how AS how,                                                         -- owner, drawn, waits
    h.rule AS rule,                                                       -- the rule of routing, when it was given
    h.why AS why,                                                         -- in words
    h.since AS since,                                                     -- as_of at which it was given
    s.tier AS tier,                                                       -- tier now
    s.composite AS score,                                                 -- 0 to 100
    s.urgency AS urgency,                                                 -- now, today, week or none; NULL where no rule of the playbook holds
    s.playbook AS playbook,                                               -- the approach
    s.playbook_words AS playbook_words,                                   -- why
    s.talking_points AS talking_points,                                   -- what to speak of
    s.reasons AS reasons                                                  -- up to three
FROM scores.latest AS s
JOIN held AS h
    ON  h.lead_id = s.lead_id
