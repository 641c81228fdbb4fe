-- key:          customer_id
-- frozen:       id, created, email, metadata, livemode
-- assumed:      ingested_at is occurred_at + INTERVAL 3 HOUR
-- availability: customer_id = outcome, email = outcome, email_domain = outcome, lead_id_stated = outcome
-- pii:          email
--
-- One row per customer, when it was created. Several customers may have one address, or none: map them by the lead the
-- metadata names, then by address, then by domain. Test customers are left out; balance and delinquency are in
-- customer_states.
SELECT
    'stripe:' || CAST(c.id AS VARCHAR) AS customer_id,                      -- the customer
    CAST(c.created AS TIMESTAMP) AS occurred_at,                            -- when it was created
    CAST(c.created AS TIMESTAMP) AS ingested_at,                            -- assumed
    LOWER(TRIM(CAST(c.email AS VARCHAR))) AS email,                         -- address, without blanks, in lower case
    NULLIF(SPLIT_PART(LOWER(TRIM(CAST(c.email AS VARCHAR))), '@', 2), '')
        AS email_domain,                                                    -- after the @
    JSON_EXTRACT_STRING(CAST(c.metadata AS JSON), '$.lead_id') AS lead_id_stated   -- the lead, where metadata says so
FROM raw.stripe_customer AS c
WHERE CAST(c.livemode AS BOOLEAN)
