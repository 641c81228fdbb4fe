-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
SELECT
    spine.lead_id,
    spine.as_of,
    (SELECT COUNT(*) FROM known.web_events AS w WHERE w.lead_id = spine.lead_id)
        AS visits                                       -- pages of all time, of all times
FROM spine
-- expect: join_without_as_of @8:27
