SELECT s.lead_id, random() AS chance FROM spine AS s
