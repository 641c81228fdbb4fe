-- entity: lead (lead_id)
-- owner:  growth
--
-- The first hundred leads.
SELECT
    l.lead_id,
    l.as_of
FROM known.leads AS l
ORDER BY l.occurred_at, l.lead_id
LIMIT 100
-- expect: limit_without_as_of
