SELECT 1 AS one, MAX(w.dwell_s) AS n FROM known.web_events AS w
