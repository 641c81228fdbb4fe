-- key:     response_id
-- frozen:  id, campaign_id, lead_id, first_responded_date, created_date, is_deleted
--
-- One row per first response to a campaign. Salesforce keeps its day only, so it counts from the end of that day (UTC), and
-- is known three hours after that, or after the row was created, whichever is later. What is deleted is left out.
SELECT
    'salesforce:' || CAST(m.id AS VARCHAR) AS response_id,                  -- the campaign member
    CAST(CAST(m.first_responded_date AS TIMESTAMP) AS DATE) AS occurred_at, -- the day of the response
    GREATEST(CAST(m.created_date AS TIMESTAMP), CAST(m.first_responded_date AS TIMESTAMP) + INTERVAL 1 DAY)
        + INTERVAL 3 HOUR AS ingested_at,                                   -- assumed, see above
    'salesforce:' || LEFT(CAST(m.lead_id AS VARCHAR), 15) AS lead_id,       -- the lead
    CAST(m.campaign_id AS VARCHAR) AS campaign_id                           -- the campaign
FROM raw.salesforce_campaign_member AS m
WHERE m.lead_id IS NOT NULL AND m.first_responded_date IS NOT NULL AND NOT COALESCE(CAST(m.is_deleted AS BOOLEAN), FALSE)
