SELECT w.event_id, w.dwell_s = (7 IS NULL)::INT AS n FROM known.web_events AS w
