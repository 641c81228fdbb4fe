SELECT w.page_type AS a, w.event_type AS b, COUNT(*) AS n FROM known.web_events AS w GROUP BY 1, w.event_type
