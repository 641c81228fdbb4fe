SELECT lead_id, COUNT(*) AS visits FROM known.web_events WHERE dwell_s > 5 GROUP BY lead_id
