-- entity: lead (lead_id)
-- owner:  growth
--
-- A spine.
SELECT
    l.lead_id,
    l.as_of
FROM known.leads AS l
LEFT JOIN known.opportunities AS o
    ON  o.lead_id = l.lead_id
WHERE o.opportunity_id IS NULL
-- expect: join_without_as_of @9:11
