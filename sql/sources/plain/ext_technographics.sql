-- key:  account_domain, product, occurred_at
-- rows: appended
--
-- One row each time a product was seen at a company, or seen to be gone.
SELECT
    LOWER(CAST(t.account_domain AS VARCHAR)) AS account_domain, -- the company's web domain, in lower case
    CAST(t.product AS VARCHAR) AS product,                  -- the product
    CAST(t.occurred_at AS TIMESTAMP) AS occurred_at,        -- when it was seen
    CAST(t.ingested_at AS TIMESTAMP) AS ingested_at,        -- when the row arrived
    CAST(t.category AS VARCHAR) AS category,                -- crm, marketing_automation, cloud, …
    CAST(t.status AS VARCHAR) AS status                     -- seen, gone
FROM raw.ext_technographics AS t
