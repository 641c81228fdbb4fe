-- entity: lead (lead_id)
-- owner:  growth
--
-- Whose?
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(event_id)
        AS n                                            -- a number
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
LEFT JOIN known.product_events AS p
    ON  p.event_id = e.event_id
    AND p.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
-- expect: unqualified_column
