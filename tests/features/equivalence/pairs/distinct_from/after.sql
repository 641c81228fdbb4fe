SELECT w.event_id, w.dwell_s IS NOT DISTINCT FROM 7 AS n FROM known.web_events AS w
