SELECT w.event_id, (0.1::DOUBLE + w.dwell_s) + 0.3::DOUBLE AS d FROM known.web_events AS w
