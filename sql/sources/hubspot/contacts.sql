-- key:     contact_id
-- frozen:  id, property_createdate, property_email
-- assumed: ingested_at is occurred_at + INTERVAL 1 DAY
-- pii:     email
--
-- One row per contact, when it was created. In HubSpot a contact is the lead; its account is told by its mail domain.
SELECT
    'hubspot:' || CAST(c.id AS VARCHAR) AS contact_id,                      -- the contact
    CAST(c.property_createdate AS TIMESTAMP) AS occurred_at,                -- when it was created
    CAST(c.property_createdate AS TIMESTAMP) AS ingested_at,                -- assumed
    'hubspot:' || CAST(c.id AS VARCHAR) AS lead_id,                         -- the same, as a lead
    CAST(NULL AS VARCHAR) AS account_id,                                    -- an association, which has no time
    LOWER(TRIM(CAST(c.property_email AS VARCHAR))) AS email,                -- address
    CAST(NULL AS VARCHAR) AS title                                          -- changes: lead_states
FROM raw.hubspot_contact AS c
