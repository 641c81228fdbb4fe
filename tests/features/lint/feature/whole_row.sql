-- entity: lead (lead_id)
-- owner:  growth
--
-- A row as one value.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(DISTINCT e)
        AS n                                            -- a number
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
-- expect: unknown_column
