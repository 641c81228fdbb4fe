-- key:          lead_id
-- frozen:       id, created_date, converted_contact_id
-- assumed:      ingested_at is occurred_at + INTERVAL 3 HOUR
-- availability: contact_id = outcome
--
-- One row per lead and the contact it became. The link has no time of its own and is made at conversion, so nothing but a
-- label may read it.
SELECT
    'salesforce:' || LEFT(CAST(l.id AS VARCHAR), 15) AS lead_id,            -- the lead
    CAST(l.created_date AS TIMESTAMP) AS occurred_at,                       -- when the lead was created
    CAST(l.created_date AS TIMESTAMP) AS ingested_at,                       -- assumed
    'salesforce:' || LEFT(CAST(l.converted_contact_id AS VARCHAR), 15) AS contact_id   -- the contact it became
FROM raw.salesforce_lead AS l
WHERE l.converted_contact_id IS NOT NULL
