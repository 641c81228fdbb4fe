SELECT s.lead_id FROM spine AS s
