-- key:          feedback_id
-- rows:         appended
-- availability: feedback_id = sales_touch, actor = sales_touch, kind = sales_touch, value = sales_touch, reason = sales_touch, expires_at = sales_touch
--
-- One row per lead status that a sales representative set, by HubSpot's history of hs_lead_status.
SELECT
    CONCAT_WS(':', 'hubspot', CAST(h.contact_id AS VARCHAR), CAST(EPOCH_US(CAST(h.timestamp AS TIMESTAMP)) AS VARCHAR))
        AS feedback_id,                                                     -- contact and moment
    CAST(h.timestamp AS TIMESTAMP) AS occurred_at,                          -- when the status was set
    CAST(h._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when that arrived
    'hubspot:' || CAST(h.contact_id AS VARCHAR) AS lead_id,                 -- the contact
    CAST(h.source_id AS VARCHAR) AS actor,                                  -- who set it
    CASE CAST(h.value AS VARCHAR)
        WHEN 'UNQUALIFIED' THEN 'rejected'
        WHEN 'BAD_TIMING' THEN 'rejected'
        WHEN 'CONNECTED' THEN 'accepted'
        WHEN 'IN_PROGRESS' THEN 'accepted'
        WHEN 'OPEN_DEAL' THEN 'accepted'
    END AS kind,                                                            -- accepted or rejected; NULL for other statuses
    CAST(NULL AS VARCHAR) AS value,                                         -- HubSpot has no tiers
    CAST(h.value AS VARCHAR) AS reason,                                     -- the status itself
    CAST(NULL AS TIMESTAMP) AS expires_at                                   -- without end
FROM raw.hubspot_contact_property_history AS h
WHERE h.name = 'hs_lead_status' AND h.source = 'CRM_UI' AND h.contact_id IS NOT NULL
