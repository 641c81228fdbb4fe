SELECT w.event_id, w.dwell_s - 5 - w.dwell_s AS d FROM known.web_events AS w
