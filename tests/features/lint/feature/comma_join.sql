-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
SELECT
    spine.lead_id,
    spine.as_of,
    e.event_type                                        -- one of them
FROM spine, known.email_events AS e
WHERE e.lead_id = spine.lead_id AND e.as_of = spine.as_of
-- expect: join_without_as_of @9:13
-- expect: not_left_joined @9:13
-- expect: drops_spine_rows @10:7
