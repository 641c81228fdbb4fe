-- key:     lead_id
-- frozen:  id, created_date, email, first_name, last_name, lead_source
-- assumed: ingested_at is occurred_at + INTERVAL 3 HOUR
-- pii:     email, full_name
--
-- One row per lead, as it was when it was created; ids are compared by their first 15 characters. Status, rating, title,
-- company and conversion change, and are in lead_states and lead_field_changes. An import may set created_date years back:
-- such leads were not known then, and nothing in the row tells. Copies from a sandbox (`.invalid`) are left out.
SELECT
    'salesforce:' || LEFT(CAST(l.id AS VARCHAR), 15) AS lead_id,            -- the lead
    CAST(l.created_date AS TIMESTAMP) AS occurred_at,                       -- when it was created
    CAST(l.created_date AS TIMESTAMP) AS ingested_at,                       -- assumed, see above
    LOWER(TRIM(CAST(l.email AS VARCHAR))) AS email,                         -- address, without blanks, in lower case
    NULLIF(SPLIT_PART(LOWER(TRIM(CAST(l.email AS VARCHAR))), '@', 2), '')
        AS email_domain,                                                    -- after the @
    NULLIF(CONCAT_WS(' ', CAST(l.first_name AS VARCHAR), CAST(l.last_name AS VARCHAR)), '')
        AS full_name,                                                       -- first and last name
    CAST(NULL AS VARCHAR) AS company_name,                                  -- changes: lead_states
    CAST(NULL AS VARCHAR) AS title,                                         -- changes: lead_states
    CAST(NULL AS VARCHAR) AS country,                                       -- changes: lead_states
    CAST(l.lead_source AS VARCHAR) AS lead_source,                          -- where the lead came from
    CAST(NULL AS VARCHAR) AS utm_medium,                                    -- not in Salesforce
    CAST(NULL AS VARCHAR) AS utm_campaign,                                  -- not in Salesforce
    CAST(NULL AS VARCHAR) AS consent                                        -- not in Salesforce
FROM raw.salesforce_lead AS l
WHERE COALESCE(l.email, '') NOT LIKE '%.invalid'
