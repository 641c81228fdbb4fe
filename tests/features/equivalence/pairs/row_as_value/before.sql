SELECT w.event_id, w AS r FROM known.web_events AS w
