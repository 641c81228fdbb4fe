-- at least 60
-- leads with a free-mail address
SELECT COUNT(DISTINCT l.lead_id) FROM leads AS l WHERE REGEXP_MATCHES(l.email, '@(gmail|outlook|yahoo|hotmail)\.com$')
