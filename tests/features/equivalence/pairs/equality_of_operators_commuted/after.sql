SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(*) FILTER (WHERE 'open/L1' = e.event_type || '/' || e.lead_id) AS joined,
    COUNT(*) FILTER (WHERE 1 = LENGTH(e.event_id) % 3) AS third,
    COUNT(*) FILTER (WHERE -1 < LENGTH(e.event_id) // 2) AS half,
    COUNT(*) FILTER (WHERE 'o' = e.event_type[1]) AS first,
    COUNT(*) FILTER (WHERE e.lead_id || e.event_type = 'openL1') AS swapped
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
