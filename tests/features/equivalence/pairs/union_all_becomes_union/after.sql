SELECT w.lead_id FROM known.web_events AS w UNION SELECT f.lead_id FROM known.form_submissions AS f
