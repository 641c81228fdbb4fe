SELECT
    spine.lead_id,
    spine.as_of,
    m.opens,
    DATE_DIFF('day', m.last_open, spine.as_of) AS days_since_open,
    v.pages
FROM spine
LEFT JOIN (
    SELECT spine.lead_id, spine.as_of, COUNT(e.event_id) AS opens, MAX(e.occurred_at) AS last_open
    FROM spine
    LEFT JOIN known.email_events AS e
        ON  e.lead_id = spine.lead_id
        AND e.as_of = spine.as_of
        AND e.event_type = 'open'
    GROUP BY spine.lead_id, spine.as_of) AS m
    ON  m.lead_id = spine.lead_id
    AND m.as_of = spine.as_of
LEFT JOIN (
    SELECT spine.lead_id, spine.as_of, COUNT(w.event_id) AS pages
    FROM spine
    LEFT JOIN known.web_events AS w
        ON  w.lead_id = spine.lead_id
        AND w.as_of = spine.as_of
    GROUP BY spine.lead_id, spine.as_of) AS v
    ON  v.lead_id = spine.lead_id
    AND v.as_of = spine.as_of
