-- entity: lead (lead_id)
-- owner:  growth
--
-- Leads without an opportunity.
SELECT
    l.lead_id,
    l.as_of
FROM known.leads AS l
LEFT JOIN known.opportunities AS o
    ON  o.lead_id = l.lead_id
    AND o.as_of = l.as_of
WHERE o.opportunity_id IS NULL
