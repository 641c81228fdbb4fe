-- at least 30
-- accounts whose head count changed
SELECT COUNT(*) FROM (SELECT a.account_id FROM accounts AS a GROUP BY a.account_id HAVING COUNT(DISTINCT a.employees) > 1) AS g
