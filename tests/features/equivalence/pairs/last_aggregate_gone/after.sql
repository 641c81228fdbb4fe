SELECT 1 AS one, 2 AS n FROM known.web_events AS w
