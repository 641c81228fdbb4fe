-- at least 20
-- leads that denied consent
SELECT COUNT(DISTINCT l.lead_id) FROM leads AS l WHERE l.consent = 'denied'
