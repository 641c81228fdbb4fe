SELECT 1 AS one, COUNT(*) AS n FROM known.web_events AS w
