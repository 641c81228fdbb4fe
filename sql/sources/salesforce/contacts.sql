-- key:          contact_id
-- frozen:       id, created_date, email
-- assumed:      ingested_at is occurred_at + INTERVAL 3 HOUR
-- availability: contact_id = outcome, email = outcome
-- pii:          email
--
-- One row per contact, when it was created. A lead becomes a contact when it is converted, so having one is an outcome.
SELECT
    'salesforce:' || LEFT(CAST(c.id AS VARCHAR), 15) AS contact_id,         -- the contact
    CAST(c.created_date AS TIMESTAMP) AS occurred_at,                       -- when it was created
    CAST(c.created_date AS TIMESTAMP) AS ingested_at,                       -- assumed
    CAST(NULL AS VARCHAR) AS lead_id,                                       -- the lead's converted_contact_id, overwritten in place
    CAST(NULL AS VARCHAR) AS account_id,                                    -- changes: contact_states
    LOWER(TRIM(CAST(c.email AS VARCHAR))) AS email,                         -- address
    CAST(NULL AS VARCHAR) AS title                                          -- changes: contact_states
FROM raw.salesforce_contact AS c
