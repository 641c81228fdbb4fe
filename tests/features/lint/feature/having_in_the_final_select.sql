-- entity: lead (lead_id)
-- owner:  growth
--
-- HAVING.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(e.event_id)
        AS n                                            -- a number
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
HAVING COUNT(e.event_id) > 1
-- expect: drops_spine_rows
