SELECT w.event_id, w.dwell_s + 1 + 1 AS d FROM known.web_events AS w
