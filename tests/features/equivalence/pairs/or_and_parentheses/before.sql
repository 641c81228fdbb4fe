SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(e.event_id) FILTER (WHERE (e.event_type = 'open' OR e.event_type = 'click') AND e.occurred_at >= spine.as_of - INTERVAL 30 DAY) AS opens,
    MAX(e.occurred_at) AS last_mail
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
    AND e.occurred_at >= spine.as_of - INTERVAL 90 DAY
GROUP BY spine.lead_id, spine.as_of
