-- at least 3
-- accounts that were deleted
SELECT COUNT(DISTINCT a.account_id) FROM accounts AS a WHERE a.is_deleted
