-- key:  account_id, occurred_at
-- rows: appended
--
-- One row per change of a company that `leadmart snapshot` saw; the version in force is the latest known, and a deletion is
-- a change too. The domain is without `www.`.
SELECT
    'hubspot:' || CAST(c.id AS VARCHAR) AS account_id,                      -- the company
    c._changed_at AS occurred_at,                                           -- when it changed
    c._loaded_at AS ingested_at,                                            -- when the change was seen
    CAST(c.property_name AS VARCHAR) AS name,                               -- company name
    REGEXP_REPLACE(LOWER(TRIM(CAST(c.property_domain AS VARCHAR))), '^www\.', '') AS domain,   -- web domain
    CAST(c.property_industry AS VARCHAR) AS industry,                       -- industry
    CAST(c.property_numberofemployees AS BIGINT) AS employees,              -- head count
    CAST(c.property_country AS VARCHAR) AS country,                         -- country, as it stands in HubSpot
    (c._deleted OR COALESCE(CAST(c.is_deleted AS BOOLEAN), FALSE) OR COALESCE(CAST(c._fivetran_deleted AS BOOLEAN), FALSE))
        AS is_deleted                                                       -- TRUE from the row on that deletes it
FROM raw.hubspot_company__changes AS c
