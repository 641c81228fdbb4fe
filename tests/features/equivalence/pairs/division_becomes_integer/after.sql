SELECT w.event_id, w.dwell_s // 7 AS d FROM known.web_events AS w
