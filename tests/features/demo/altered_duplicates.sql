-- at least 10
-- page views that came back with another value
SELECT COUNT(*) FROM (SELECT w.event_id FROM web_events AS w GROUP BY w.event_id HAVING COUNT(DISTINCT w.dwell_s) > 1) AS a
