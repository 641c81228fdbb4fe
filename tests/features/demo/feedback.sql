-- at least 50
-- words of sales representatives
SELECT COUNT(*) FROM lead_feedback AS f
