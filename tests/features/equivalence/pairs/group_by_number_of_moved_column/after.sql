SELECT w.event_type AS b, w.page_type AS a, COUNT(*) AS n FROM known.web_events AS w GROUP BY 1, w.event_type, w.page_type
