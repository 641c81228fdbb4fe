-- key:    contact_id
-- frozen: contact_id, lead_id, account_id, email, title, created_at, synced_at
-- pii:    email
--
-- One row per person the CRM keeps at an account, as created.
SELECT
    CAST(c.contact_id AS VARCHAR) AS contact_id,            -- the CRM's id of the contact
    CAST(c.created_at AS TIMESTAMP) AS occurred_at,         -- when the contact was created
    CAST(c.synced_at AS TIMESTAMP) AS ingested_at,          -- when the row first arrived
    CAST(c.lead_id AS VARCHAR) AS lead_id,                  -- the lead this person is, where known
    CAST(c.account_id AS VARCHAR) AS account_id,            -- the account
    CAST(c.email AS VARCHAR) AS email,                      -- address
    CAST(c.title AS VARCHAR) AS title                       -- title
FROM raw.contacts AS c
