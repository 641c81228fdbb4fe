-- entity: lead (lead_id)
-- owner:  growth
--
-- The second hangs on the first, which may be NULL.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(e.event_id)
        AS n                                            -- a number
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = l.as_of
GROUP BY spine.lead_id, spine.as_of
-- expect: join_without_as_of
-- expect: null_supplied_as_of
