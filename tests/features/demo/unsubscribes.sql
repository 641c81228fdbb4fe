-- at least 10
-- leads that unsubscribed
SELECT COUNT(DISTINCT e.lead_id) FROM email_events AS e WHERE e.event_type = 'unsubscribe'
