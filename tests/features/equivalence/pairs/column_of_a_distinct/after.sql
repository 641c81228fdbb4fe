SELECT DISTINCT w.lead_id, LOWER(w.session_id) AS page_type FROM known.web_events AS w
