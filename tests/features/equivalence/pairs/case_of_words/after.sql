select
    SPINE.LEAD_ID,
    spine.as_of,
    count(e.event_id) filter (WHERE e.event_type = 'open' AND e.occurred_at >= spine.as_of - interval 30 day) AS opens,
    MAX(e.occurred_at) AS last_mail
FROM spine
left join known.email_events AS e
    ON  e.lead_id = SPINE.LEAD_ID
    AND e.as_of = spine.as_of
    AND e.occurred_at >= spine.as_of - INTERVAL 90 DAY
GROUP BY SPINE.LEAD_ID, spine.as_of
