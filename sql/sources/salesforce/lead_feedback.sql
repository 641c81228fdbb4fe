-- key:          feedback_id
-- rows:         appended
-- availability: feedback_id = sales_touch, actor = sales_touch, kind = sales_touch, value = sales_touch, reason = sales_touch, expires_at = sales_touch
--
-- One row per status that was set on a lead. The names of statuses differ from organisation to organisation: eject and
-- change what counts as accepted and rejected.
SELECT
    'salesforce:' || CAST(h.id AS VARCHAR) AS feedback_id,                  -- the history row
    CAST(h.created_date AS TIMESTAMP) AS occurred_at,                       -- when the status was set
    CAST(h._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when that arrived
    'salesforce:' || LEFT(CAST(h.lead_id AS VARCHAR), 15) AS lead_id,       -- the lead
    CAST(h.created_by_id AS VARCHAR) AS actor,                              -- who set it
    CASE CAST(h.new_value AS VARCHAR)
        WHEN 'Closed - Not Converted' THEN 'rejected'
        WHEN 'Unqualified' THEN 'rejected'
        WHEN 'Working - Contacted' THEN 'accepted'
        WHEN 'Qualified' THEN 'accepted'
    END AS kind,                                                            -- accepted or rejected; NULL for other statuses
    CAST(NULL AS VARCHAR) AS value,                                         -- Salesforce has no tiers
    CAST(h.new_value AS VARCHAR) AS reason,                                 -- the status itself
    CAST(NULL AS TIMESTAMP) AS expires_at                                   -- without end
FROM raw.salesforce_lead_history AS h
WHERE h.field = 'Status' AND h.lead_id IS NOT NULL
