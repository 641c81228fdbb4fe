SELECT x.event_id, x.w AS r FROM (SELECT v.event_id, v.dwell_s AS w FROM known.web_events AS v) AS x
