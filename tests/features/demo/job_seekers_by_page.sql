-- at least 15
-- leads that looked at the careers page twice
SELECT COUNT(*) FROM (SELECT w.lead_id FROM web_events AS w WHERE w.url LIKE '%/careers%' GROUP BY w.lead_id HAVING COUNT(DISTINCT w.event_id) > 1) AS c
