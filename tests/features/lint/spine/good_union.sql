-- entity: lead (lead_id)
-- owner:  growth
--
-- Leads with a mail or a visit.
SELECT
    e.lead_id,
    e.as_of
FROM known.email_events AS e
UNION
SELECT
    w.lead_id,
    w.as_of
FROM known.web_events AS w
