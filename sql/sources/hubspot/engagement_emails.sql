-- key:          engagement_id
-- frozen:       engagement_id, property_hs_timestamp, property_hs_email_direction, _fivetran_synced, _fivetran_deleted
-- availability: engagement_id = sales_touch, direction = sales_touch
--
-- One row per mail logged with a contact, when it arrived in HubSpot. One that is deleted by now is left out.
SELECT
    'hubspot:' || CAST(g.engagement_id AS VARCHAR) AS engagement_id,        -- the engagement
    CAST(g.property_hs_timestamp AS TIMESTAMP) AS occurred_at,              -- when it was sent
    CAST(g._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when it arrived
    CAST(g.property_hs_email_direction AS VARCHAR) AS direction             -- INCOMING_EMAIL for an answer
FROM raw.hubspot_engagement_email AS g
WHERE NOT COALESCE(CAST(g._fivetran_deleted AS BOOLEAN), FALSE)
