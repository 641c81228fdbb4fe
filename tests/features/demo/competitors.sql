-- at least 15
-- people of competitors, by address
SELECT COUNT(DISTINCT l.lead_id) FROM leads AS l WHERE SPLIT_PART(l.email, '@', 2) IN ('rivalscore.example', 'leadworks.example', 'scorehub.example')
