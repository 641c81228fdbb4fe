SELECT w.event_id, 1 + w.dwell_s AS d FROM known.web_events AS w
