-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
SELECT
    spine.lead_id,
    spine.as_of,
    (
        SELECT COUNT(*) FROM known.web_events AS w
        WHERE w.lead_id = spine.lead_id AND w.as_of = spine.as_of
    ) AS visits                                         -- pages of all time
FROM spine
