SELECT DISTINCT w.lead_id, w.page_type FROM known.web_events AS w
