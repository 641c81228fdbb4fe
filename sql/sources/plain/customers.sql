-- key:          customer_id
-- frozen:       customer_id, email, lead_id, created_at, synced_at
-- availability: customer_id = outcome, email = outcome, email_domain = outcome, lead_id_stated = outcome
-- pii:          email
--
-- One row per customer of the billing system, when it was created; `customer_id` is the account_id of its invoices and
-- subscriptions. Only needed where these are not the CRM's accounts.
SELECT
    CAST(c.customer_id AS VARCHAR) AS customer_id,          -- the customer
    CAST(c.created_at AS TIMESTAMP) AS occurred_at,         -- when it was created
    CAST(c.synced_at AS TIMESTAMP) AS ingested_at,          -- when the row first arrived
    LOWER(TRIM(CAST(c.email AS VARCHAR))) AS email,         -- address, without blanks, in lower case
    NULLIF(SPLIT_PART(LOWER(TRIM(CAST(c.email AS VARCHAR))), '@', 2), '')
        AS email_domain,                                    -- after the @
    CAST(c.lead_id AS VARCHAR) AS lead_id_stated            -- the lead, where billing knows it
FROM raw.customers AS c
