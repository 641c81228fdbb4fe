-- entity: lead (lead_id)
-- owner:  growth
--
-- A spine with a value.
SELECT
    l.lead_id,
    l.as_of,
    l.country
FROM known.leads AS l
-- expect: unknown_column
