-- at least 3
-- weekday to weekend page views, per day
SELECT (COUNT(*) FILTER (WHERE ISODOW(w.occurred_at) < 6) / 5) / (COUNT(*) FILTER (WHERE ISODOW(w.occurred_at) > 5) / 2) FROM web_events AS w
