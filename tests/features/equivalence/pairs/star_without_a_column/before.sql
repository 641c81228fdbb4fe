WITH c AS (SELECT w.lead_id, w.dwell_s FROM known.web_events AS w) SELECT * EXCLUDE (dwell_s) FROM c
