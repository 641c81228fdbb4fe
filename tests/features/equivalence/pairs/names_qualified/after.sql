SELECT w.lead_id, COUNT(*) AS visits FROM known.web_events AS w WHERE w.dwell_s > 5 GROUP BY w.lead_id
