WITH spine AS (SELECT w.lead_id FROM known.web_events AS w) SELECT s.lead_id FROM spine AS s
