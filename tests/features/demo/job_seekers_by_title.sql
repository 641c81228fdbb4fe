-- at least 5
-- leads whose title says that they look for a job
SELECT COUNT(DISTINCT l.lead_id) FROM leads AS l WHERE l.title IN ('Job seeker', 'Open to work', 'Looking for new opportunities')
