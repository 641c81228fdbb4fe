-- key:  account_id, occurred_at
-- rows: appended
--
-- One row per change of an account; the version in force is the latest known, and a deletion is a change too.
SELECT
    CAST(a.account_id AS VARCHAR) AS account_id,            -- the CRM's id of the account
    CAST(a.changed_at AS TIMESTAMP) AS occurred_at,         -- when the account was created or changed
    CAST(a.synced_at AS TIMESTAMP) AS ingested_at,          -- when the change arrived
    CAST(a.name AS VARCHAR) AS name,                        -- company name
    LOWER(CAST(a.domain AS VARCHAR)) AS domain,             -- web domain, in lower case
    CAST(a.industry AS VARCHAR) AS industry,                -- industry
    CAST(a.employees AS BIGINT) AS employees,               -- head count
    CAST(a.country AS VARCHAR) AS country,                  -- two letters
    CAST(a.is_deleted AS BOOLEAN) AS is_deleted             -- TRUE on the row that deletes the account
FROM raw.accounts AS a
