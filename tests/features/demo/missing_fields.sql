-- at least 20
-- leads without a company name
SELECT COUNT(DISTINCT l.lead_id) FROM leads AS l WHERE l.company_name IS NULL
