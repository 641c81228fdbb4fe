-- entity: lead (lead_id)
-- owner:  growth
--
-- The first page.
SELECT
    spine.lead_id,
    spine.as_of,
    (
        SELECT w.page_type
        FROM known.web_events AS w
        WHERE w.lead_id = spine.lead_id AND w.as_of = spine.as_of
        ORDER BY w.occurred_at, w.event_id
        LIMIT 1
    )
        AS n                                            -- a number
FROM spine
