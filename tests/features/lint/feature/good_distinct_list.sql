-- entity: lead (lead_id)
-- owner:  growth
--
-- A list by its own values.
SELECT
    spine.lead_id,
    spine.as_of,
    LIST(DISTINCT e.url ORDER BY e.url)
        AS n                                            -- a number
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
