-- key:          activity_id
-- rows:         appended
-- availability: activity_id = sales_touch, lead_id = sales_touch, contact_id = sales_touch, type = sales_touch
--
-- One row per thing a representative did about a lead.
SELECT
    CAST(s.activity_id AS VARCHAR) AS activity_id,          -- id of the activity
    CAST(s.done_at AS TIMESTAMP) AS occurred_at,            -- when it was done
    CAST(s.synced_at AS TIMESTAMP) AS ingested_at,          -- when the row arrived
    CAST(s.lead_id AS VARCHAR) AS lead_id,                  -- the lead it is about
    CAST(s.contact_id AS VARCHAR) AS contact_id,            -- or the contact
    CAST(s.type AS VARCHAR) AS type                         -- Call, Email, Meeting, Task
FROM raw.sales_activities AS s
