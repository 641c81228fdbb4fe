WITH c AS (SELECT w.lead_id, w.dwell_s + 1 AS dwell_s FROM known.web_events AS w) SELECT * FROM c
