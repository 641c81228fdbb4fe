-- at least 30
-- opportunities won
SELECT COUNT(DISTINCT c.opportunity_id) FROM opportunity_closings AS c WHERE c.is_won
