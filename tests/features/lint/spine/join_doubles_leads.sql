-- entity: lead (lead_id)
-- owner:  growth
--
-- A lead a mail.
SELECT
    l.lead_id,
    l.as_of
FROM known.leads AS l
JOIN known.email_events AS e
    ON  e.lead_id = l.lead_id
    AND e.as_of = l.as_of
-- expect: many_rows
