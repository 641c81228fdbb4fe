SELECT w.lead_id, 1 AS n, w.page_type AS t FROM known.web_events AS w UNION ALL SELECT f.lead_id, 2, f.form_type FROM known.form_submissions AS f
