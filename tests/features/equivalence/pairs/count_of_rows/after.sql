SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(1) AS n,
    COUNT(*) FILTER (WHERE e.event_type = 'open') AS opens,
    COUNT() AS written,
    COUNT(e.event_id) AS mails,
    COUNT(NULL) AS nothing,
    COUNT(DISTINCT 1) AS one
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
