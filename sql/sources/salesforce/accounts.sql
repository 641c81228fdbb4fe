-- key:  account_id, occurred_at
-- rows: appended
--
-- One row per change of an account that `leadmart snapshot` saw; the version in force is the latest known, and a deletion is
-- a change too. The domain is the website's, without scheme, `www.` and path. Type and rating tell the outcome and are left
-- out.
SELECT
    'salesforce:' || LEFT(CAST(a.id AS VARCHAR), 15) AS account_id,         -- the account
    a._changed_at AS occurred_at,                                           -- when it changed
    a._loaded_at AS ingested_at,                                            -- when the change was seen
    CAST(a.name AS VARCHAR) AS name,                                        -- company name
    REGEXP_EXTRACT(LOWER(TRIM(CAST(a.website AS VARCHAR))), '^(?:https?://)?(?:www\.)?([^/?#]+)', 1)
        AS domain,                                                          -- web domain
    CAST(a.industry AS VARCHAR) AS industry,                                -- industry
    CAST(a.number_of_employees AS BIGINT) AS employees,                     -- head count
    CAST(a.billing_country AS VARCHAR) AS country,                          -- country, as it stands in Salesforce
    (a._deleted OR COALESCE(CAST(a.is_deleted AS BOOLEAN), FALSE))
        AS is_deleted                                                       -- TRUE from the row on that deletes it
FROM raw.salesforce_account__changes AS a
