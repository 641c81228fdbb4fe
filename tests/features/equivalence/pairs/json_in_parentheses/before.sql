SELECT w.lead_id, COUNT(*) AS n FROM known.web_events AS w WHERE ('{"a": "docs"}'::JSON ->> '$.a') = w.page_type GROUP BY w.lead_id
