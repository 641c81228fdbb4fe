-- key:     lead_id
-- frozen:  id, property_createdate, property_email, property_firstname, property_lastname, property_hs_analytics_source
-- assumed: ingested_at is occurred_at + INTERVAL 1 DAY
-- pii:     email, full_name
--
-- One row per contact, as it was when it was created; a contact is a lead. Of a table updated in place only these columns
-- are taken to be fixed; title, company and country change, and are in lead_states and lead_field_changes. When a row was
-- last synced says nothing of when it was known: it moves with every update, so the arrival is assumed.
SELECT
    'hubspot:' || CAST(c.id AS VARCHAR) AS lead_id,                         -- the contact
    CAST(c.property_createdate AS TIMESTAMP) AS occurred_at,                -- when it was created
    CAST(c.property_createdate AS TIMESTAMP) AS ingested_at,                -- assumed, see above
    LOWER(TRIM(CAST(c.property_email AS VARCHAR))) AS email,                -- address, without blanks, in lower case
    NULLIF(SPLIT_PART(LOWER(TRIM(CAST(c.property_email AS VARCHAR))), '@', 2), '')
        AS email_domain,                                                    -- after the @
    NULLIF(CONCAT_WS(' ', CAST(c.property_firstname AS VARCHAR), CAST(c.property_lastname AS VARCHAR)), '')
        AS full_name,                                                       -- first and last name
    CAST(NULL AS VARCHAR) AS company_name,                                  -- changes: lead_states
    CAST(NULL AS VARCHAR) AS title,                                         -- changes: lead_states
    CAST(NULL AS VARCHAR) AS country,                                       -- changes: lead_states
    CAST(c.property_hs_analytics_source AS VARCHAR) AS lead_source,         -- where the contact came from
    CAST(NULL AS VARCHAR) AS utm_medium,                                    -- not in HubSpot
    CAST(NULL AS VARCHAR) AS utm_campaign,                                  -- not in HubSpot
    CAST(NULL AS VARCHAR) AS consent                                        -- changes: lead_states
FROM raw.hubspot_contact AS c
