SELECT w.event_id FROM known.web_events AS w ORDER BY w.event_id LIMIT 5
