-- key:  account_domain, event_type, occurred_at
-- rows: appended
--
-- One row per thing that happened to a company.
SELECT
    LOWER(CAST(c.account_domain AS VARCHAR)) AS account_domain, -- the company's web domain, in lower case
    CAST(c.event_type AS VARCHAR) AS event_type,            -- funding, leadership, initiative, job_post, competitor_news, renewal, fiscal_year
    CAST(c.occurred_at AS TIMESTAMP) AS occurred_at,        -- when it happened
    CAST(c.ingested_at AS TIMESTAMP) AS ingested_at,        -- when the row arrived
    CAST(c.payload AS VARCHAR) AS payload                   -- more of it, as JSON
FROM raw.ext_company_events AS c
