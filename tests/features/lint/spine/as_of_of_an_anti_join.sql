-- entity: lead (lead_id)
-- owner:  growth
--
-- The moment of what is not there.
SELECT
    l.lead_id,
    o.as_of
FROM known.leads AS l
LEFT JOIN known.opportunities AS o
    ON  o.lead_id = l.lead_id
    AND o.as_of = l.as_of
-- expect: null_supplied_as_of
-- expect: as_of_lost
