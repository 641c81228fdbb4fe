-- entity: lead (lead_id)
-- owner:  growth
--
-- A list by time and key.
SELECT
    spine.lead_id,
    spine.as_of,
    LIST(e.url ORDER BY e.occurred_at, e.event_id)
        AS n                                            -- a number
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
