-- at least 20
-- students, by address
SELECT COUNT(DISTINCT l.lead_id) FROM leads AS l WHERE REGEXP_MATCHES(l.email, '\.(edu|ac\.uk)$')
