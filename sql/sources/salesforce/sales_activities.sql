-- key:          activity_id
-- frozen:       id, who_id, task_subtype, completed_date_time, created_date, is_deleted
-- availability: activity_id = sales_touch, lead_id = sales_touch, contact_id = sales_touch, type = sales_touch
--
-- One row per task a representative completed. Whom it is about is told by the id: 00Q a lead, 003 a contact. The date of an
-- open task is a plan; it is no row. What is deleted is left out.
SELECT
    'salesforce:' || CAST(t.id AS VARCHAR) AS activity_id,                  -- the task
    CAST(t.completed_date_time AS TIMESTAMP) AS occurred_at,                -- when it was completed
    GREATEST(CAST(t.completed_date_time AS TIMESTAMP), CAST(t.created_date AS TIMESTAMP)) + INTERVAL 3 HOUR
        AS ingested_at,                                                     -- assumed
    CASE WHEN t.who_id LIKE '00Q%' THEN 'salesforce:' || LEFT(CAST(t.who_id AS VARCHAR), 15) END
        AS lead_id,                                                         -- the lead it is about
    CASE WHEN t.who_id LIKE '003%' THEN 'salesforce:' || LEFT(CAST(t.who_id AS VARCHAR), 15) END
        AS contact_id,                                                      -- or the contact
    CAST(t.task_subtype AS VARCHAR) AS type                                 -- Call, Email, Task
FROM raw.salesforce_task AS t
WHERE t.who_id IS NOT NULL AND t.completed_date_time IS NOT NULL AND NOT COALESCE(CAST(t.is_deleted AS BOOLEAN), FALSE)
