-- entity: lead (lead_id)
--
-- Without an alias a relation goes by its name, and may be named in full.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(known.email_events.event_id) AS mails,        -- mails
    COUNT(DISTINCT web_events.event_id) AS visits       -- pages
FROM spine
LEFT JOIN known.email_events
    ON  known.email_events.lead_id = spine.lead_id
    AND known.email_events.as_of = spine.as_of
    AND email_events.event_type = 'reply'
LEFT JOIN known.web_events
    ON  web_events.lead_id = spine.lead_id
    AND web_events.as_of = spine.as_of
    AND web_events.page_type = 'docs'
GROUP BY spine.lead_id, spine.as_of
