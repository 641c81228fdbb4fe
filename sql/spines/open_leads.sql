-- entity: lead (lead_id)
-- owner:  growth
--
-- Leads of the last 180 days.
SELECT
    l.lead_id,                                          -- the lead
    l.as_of                                             -- the moment
FROM known.leads AS l
WHERE l.occurred_at >= l.as_of - INTERVAL 180 DAY
