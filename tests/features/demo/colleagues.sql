-- at least 50
-- accounts with several leads
SELECT COUNT(*) FROM (SELECT SPLIT_PART(l.email, '@', 2) FROM leads AS l WHERE l.email LIKE '%.example' GROUP BY 1 HAVING COUNT(DISTINCT l.lead_id) BETWEEN 2 AND 6) AS c
