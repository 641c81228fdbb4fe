-- entity: lead (lead_id)
-- owner:  growth
--
-- The window starts from a NULL.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(e.event_id)
        AS n                                            -- a number
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
    AND e.occurred_at >= e.as_of - INTERVAL 30 DAY
GROUP BY spine.lead_id, spine.as_of
-- expect: null_supplied_as_of
