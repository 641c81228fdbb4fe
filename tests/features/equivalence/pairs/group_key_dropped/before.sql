SELECT w.lead_id, COUNT(*) AS n FROM known.web_events AS w GROUP BY w.lead_id, w.as_of
