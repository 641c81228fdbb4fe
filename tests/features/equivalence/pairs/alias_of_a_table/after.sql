SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(mail.event_id) FILTER (WHERE mail.event_type = 'open' AND mail.occurred_at >= spine.as_of - INTERVAL 30 DAY) AS opens,
    MAX(mail.occurred_at) AS last_mail
FROM spine
LEFT JOIN known.email_events AS mail
    ON  mail.lead_id = spine.lead_id
    AND mail.as_of = spine.as_of
    AND mail.occurred_at >= spine.as_of - INTERVAL 90 DAY
GROUP BY spine.lead_id, spine.as_of
