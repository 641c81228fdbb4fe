-- entity: lead (lead_id)
-- owner:  growth
--
-- Leads, twice over.
SELECT
    l.lead_id,
    l.as_of
FROM known.leads AS l
UNION ALL
SELECT
    m.lead_id,
    m.as_of
FROM known.leads AS m
-- expect: many_rows
