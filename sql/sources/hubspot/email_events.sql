-- key:  event_id
-- rows: appended
-- joins: leads
-- pii:  email
--
-- One row per thing that happened to a marketing mail to a contact, whom the address tells. Events of bots and of the own
-- team, and events replaced by another, are left out. What was clicked is in email_clicks, answers are in email_replies.
SELECT
    'hubspot:' || CAST(e.id AS VARCHAR) || '@' || CAST(EPOCH_US(CAST(e.created AS TIMESTAMP)) AS VARCHAR)
        AS event_id,                                                        -- ids repeat, so id and moment
    CAST(e.created AS TIMESTAMP) AS occurred_at,                            -- when it happened
    CAST(e._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when it arrived
    l.lead_id AS lead_id,                                                   -- the contact with that address
    LOWER(TRIM(CAST(e.recipient AS VARCHAR))) AS email,                     -- address mailed
    CASE CAST(e.type AS VARCHAR)
        WHEN 'SENT' THEN 'sent'
        WHEN 'DELIVERED' THEN 'delivered'
        WHEN 'OPEN' THEN 'open'
        WHEN 'CLICK' THEN 'click'
        WHEN 'BOUNCE' THEN 'bounce'
        WHEN 'STATUSCHANGE' THEN 'unsubscribe'
    END AS event_type,                                                      -- sent, delivered, open, click, bounce, unsubscribe
    CAST(e.email_campaign_id AS VARCHAR) AS campaign_id,                    -- the campaign
    CAST(NULL AS VARCHAR) AS url                                            -- see email_clicks
FROM raw.hubspot_email_event AS e
JOIN staging.leads AS l
    ON  l.email = LOWER(TRIM(CAST(e.recipient AS VARCHAR)))
    AND l.lead_id LIKE 'hubspot:%'
WHERE NOT COALESCE(CAST(e.filtered_event AS BOOLEAN), FALSE) AND e.obsoleted_by_id IS NULL
