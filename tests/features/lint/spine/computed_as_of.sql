-- entity: lead (lead_id)
-- owner:  growth
--
-- Another moment.
SELECT
    l.lead_id,
    l.as_of - INTERVAL 1 DAY AS as_of
FROM known.leads AS l
-- expect: as_of_lost
