-- key:          reply_id, lead_id
-- rows:         appended
-- joins:        engagement_emails
-- availability: reply_id = sales_touch
--
-- One row per answer to a mail and contact on it. HubSpot logs it as an engagement; it is known of a contact once both the
-- engagement and the contact's part in it have arrived.
SELECT
    g.engagement_id AS reply_id,                                            -- the engagement
    'hubspot:' || CAST(p.contact_id AS VARCHAR) AS lead_id,                 -- the contact
    g.occurred_at AS occurred_at,                                           -- when it was sent
    CAST(p._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when the contact's part arrived
    'reply' AS event_type                                                   -- always reply
FROM raw.hubspot_engagement_contact AS p
JOIN staging.engagement_emails AS g
    ON  g.engagement_id = 'hubspot:' || CAST(p.engagement_id AS VARCHAR)
WHERE g.direction = 'INCOMING_EMAIL'
