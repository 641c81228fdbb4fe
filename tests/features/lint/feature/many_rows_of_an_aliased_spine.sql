-- entity: lead (lead_id)
-- owner:  growth
--
-- spine by another name.
SELECT
    s.lead_id,
    s.as_of,
    e.event_type AS kind                                -- one of them
FROM spine AS s
LEFT JOIN known.email_events AS e
    ON  e.lead_id = s.lead_id
    AND e.as_of = s.as_of
-- expect: many_rows
