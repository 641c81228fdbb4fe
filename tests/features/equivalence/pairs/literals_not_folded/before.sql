SELECT w.event_id, w.dwell_s + 2 AS d FROM known.web_events AS w
