SELECT w.lead_id, COUNT(*) AS n FROM known.web_events AS w WHERE w.page_type = ('{"a": "docs"}'::JSON ->> '$.a') GROUP BY w.lead_id
