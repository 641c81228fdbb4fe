-- at least 0.005
-- share of page views delivered twice
SELECT 1 - COUNT(DISTINCT w.event_id) / COUNT(*) FROM web_events AS w
