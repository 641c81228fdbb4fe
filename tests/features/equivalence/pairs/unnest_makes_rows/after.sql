SELECT s.lead_id, UNNEST([1, 2]) AS n FROM spine AS s
