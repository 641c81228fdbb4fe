SELECT w.lead_id, w.event_id FROM known.web_events AS w QUALIFY ROW_NUMBER() OVER (PARTITION BY w.lead_id ORDER BY w.event_id DESC) = 1
