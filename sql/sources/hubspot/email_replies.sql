-- key:          reply_id, lead_id
-- rows:         appended
-- availability: reply_id = sales_touch
--
-- One row per answer to a mail and contact on it. HubSpot logs it as an engagement; it is known of a contact once both the
-- engagement and the contact's part in it have arrived. A deleted one is left out.
SELECT
    'hubspot:' || CAST(g.engagement_id AS VARCHAR) AS reply_id,             -- the engagement
    'hubspot:' || CAST(p.contact_id AS VARCHAR) AS lead_id,                 -- the contact
    CAST(g.property_hs_timestamp AS TIMESTAMP) AS occurred_at,              -- when it was sent
    GREATEST(CAST(g._fivetran_synced AS TIMESTAMP), CAST(p._fivetran_synced AS TIMESTAMP))
        AS ingested_at,                                                     -- when the later of the two rows arrived
    'reply' AS event_type                                                   -- always reply
FROM raw.hubspot_engagement_email AS g
JOIN raw.hubspot_engagement_contact AS p
    ON  p.engagement_id = g.engagement_id
WHERE g.property_hs_email_direction = 'INCOMING_EMAIL' AND NOT COALESCE(CAST(g._fivetran_deleted AS BOOLEAN), FALSE)
