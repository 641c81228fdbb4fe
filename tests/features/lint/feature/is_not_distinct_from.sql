-- entity: lead (lead_id)
-- owner:  growth
--
-- NULLs are equal to it.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(e.event_id)
        AS n                                            -- a number
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of IS NOT DISTINCT FROM spine.as_of
GROUP BY spine.lead_id, spine.as_of
-- expect: join_without_as_of
