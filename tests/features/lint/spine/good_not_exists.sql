-- entity: lead (lead_id)
-- owner:  growth
--
-- Leads without an opportunity.
SELECT
    l.lead_id,
    l.as_of
FROM known.leads AS l
WHERE NOT EXISTS (SELECT 1 FROM known.opportunities AS o WHERE o.lead_id = l.lead_id AND o.as_of = l.as_of)
