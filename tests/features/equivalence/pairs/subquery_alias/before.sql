SELECT s.lead_id, (SELECT COUNT(*) FROM known.web_events AS w WHERE w.lead_id = s.lead_id AND w.as_of = s.as_of) AS n FROM spine AS s
