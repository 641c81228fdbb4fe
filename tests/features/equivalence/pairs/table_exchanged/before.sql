SELECT w.lead_id FROM known.web_events AS w
