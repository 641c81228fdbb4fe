-- key:          account_domain, field, provider, occurred_at
-- rows:         appended
-- availability: value = enrichment
--
-- One row per value fetched about a company.
SELECT
    LOWER(CAST(e.account_domain AS VARCHAR)) AS account_domain, -- the company's web domain, in lower case
    CAST(e.field AS VARCHAR) AS field,                      -- funding_stage, annual_revenue_usd, employees, …
    CAST(e.provider AS VARCHAR) AS provider,                -- who says so
    CAST(e.occurred_at AS TIMESTAMP) AS occurred_at,        -- when it was fetched
    CAST(e.ingested_at AS TIMESTAMP) AS ingested_at,        -- when the row arrived
    CAST(e.value AS VARCHAR) AS value                       -- the value, as text
FROM raw.ext_enrichment AS e
