-- entity: lead (lead_id)
-- owner:  growth
--
-- Features hold only who is asked for.
SELECT
    l.lead_id,
    MIN(we.lead_id) AS account_id,
    l.as_of
FROM known.leads AS l
JOIN features.web_engagement__v1 AS we
    ON  we.lead_id = l.lead_id
    AND we.as_of = l.as_of
GROUP BY l.lead_id, l.as_of
-- expect: unknown_relation
