SELECT x.lead_id, (SELECT COUNT(*) FROM known.web_events AS y WHERE x.as_of = y.as_of AND y.lead_id = x.lead_id) AS n FROM spine AS x
