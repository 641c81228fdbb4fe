SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(e.event_id) FILTER (WHERE 'open' <> e.event_type) AS others,
    COUNT(e.event_id) FILTER (WHERE e.event_type = 'open') AS opens,
    BOOL_OR(e.event_type <> 'open') AS is_other,
    COUNT(*) FILTER (WHERE e.event_type IS DISTINCT FROM 'open') AS distinct_from,
    COUNT(*) FILTER (WHERE e.event_type <> 'open' AND e.campaign_id = 'x') AS either,
    COUNT(*) FILTER (WHERE e.event_type = 'open') AS turned
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
