-- entity: lead (lead_id)
-- owner:  growth
--
-- How the lead took our mail in the 90 days before as_of. A response is a click or a reply; an open may be a machine's.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(e.event_id) FILTER (WHERE e.event_type = 'open' AND e.occurred_at >= spine.as_of - INTERVAL 7 DAY)
        AS emails_opened_7d,                            -- opens in the last 7 days
    COUNT(e.event_id) FILTER (WHERE e.event_type = 'open' AND e.occurred_at >= spine.as_of - INTERVAL 30 DAY)
        AS emails_opened_30d,                           -- opens in the last 30 days
    COUNT(e.event_id) FILTER (WHERE e.event_type = 'click' AND e.occurred_at >= spine.as_of - INTERVAL 30 DAY)
        AS emails_clicked_30d,                          -- clicks in the last 30 days
    COUNT(e.event_id) FILTER (WHERE e.event_type IN ('click', 'reply') AND e.occurred_at >= spine.as_of - INTERVAL 30 DAY)
        AS email_responses_30d,                         -- clicks and replies in the last 30 days
    COUNT(e.event_id) FILTER (WHERE e.event_type = 'reply')
        AS email_replies_90d,                           -- replies in the last 90 days
    DATE_DIFF('day', MAX(e.occurred_at) FILTER (WHERE e.event_type IN ('click', 'reply')), spine.as_of)
        AS days_since_last_email_response               -- midnights since the last click or reply; NULL after 90 days
FROM spine
LEFT JOIN staging.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND (e.occurred_at < spine.as_of AND e.ingested_at <= spine.as_of)
    AND e.event_type IN ('open', 'click', 'reply')
    AND e.occurred_at >= spine.as_of - INTERVAL 90 DAY
GROUP BY spine.lead_id, spine.as_of
