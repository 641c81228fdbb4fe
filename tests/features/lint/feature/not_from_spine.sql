-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
SELECT
    e.lead_id,
    e.as_of,
    e.event_type                                        -- what
FROM known.email_events AS e
-- expect: not_from_spine @9:6
