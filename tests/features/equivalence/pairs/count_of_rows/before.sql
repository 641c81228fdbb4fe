SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(*) AS n,
    COUNT('x') FILTER (WHERE e.event_type = 'open') AS opens,
    COUNT(TRUE) AS written,
    COUNT(*) AS mails,
    COUNT(1) AS nothing,
    COUNT(*) AS one
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
