-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
SELECT
    spine.lead_id,
    spine.as_of,
    EXISTS (SELECT 1 FROM known.web_events AS w WHERE w.lead_id = spine.lead_id)
        AS has_visited                                  -- was ever there
FROM spine
-- expect: join_without_as_of @8:27
