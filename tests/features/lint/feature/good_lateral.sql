-- entity: lead (lead_id)
-- owner:  growth
--
-- The newest page.
SELECT
    spine.lead_id,
    spine.as_of,
    k.page_type
        AS n                                            -- a number
FROM spine
LEFT JOIN LATERAL (
    SELECT w.page_type
    FROM known.web_events AS w
    WHERE w.lead_id = spine.lead_id AND w.as_of = spine.as_of
    ORDER BY w.occurred_at DESC, w.event_id
    LIMIT 1
) AS k ON TRUE
