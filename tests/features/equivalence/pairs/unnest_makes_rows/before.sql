SELECT s.lead_id, [1, 2] AS n FROM spine AS s
