SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(*) FILTER (WHERE e.event_type || '/' || e.lead_id = 'open/L1') AS joined,
    COUNT(*) FILTER (WHERE LENGTH(e.event_id) % 3 = 1) AS third,
    COUNT(*) FILTER (WHERE LENGTH(e.event_id) // 2 > -1) AS half,
    COUNT(*) FILTER (WHERE e.event_type[1] = 'o') AS first,
    COUNT(*) FILTER (WHERE e.event_type || e.lead_id = 'openL1') AS swapped
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
