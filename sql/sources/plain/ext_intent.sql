-- key:          account_domain, topic, provider, occurred_at
-- rows:         appended
-- availability: surge_ratio = enrichment
--
-- One row per interest of a company in a topic, as a provider of intent data reports it.
SELECT
    LOWER(CAST(i.account_domain AS VARCHAR)) AS account_domain, -- the company's web domain, in lower case
    CAST(i.topic AS VARCHAR) AS topic,                      -- what it reads about: a category, reviews, a competitor
    CAST(i.provider AS VARCHAR) AS provider,                -- who says so
    CAST(i.occurred_at AS TIMESTAMP) AS occurred_at,        -- the time the interest is of
    CAST(i.ingested_at AS TIMESTAMP) AS ingested_at,        -- when the row arrived
    CAST(i.surge_ratio AS DECIMAL(18, 4)) AS surge_ratio    -- interest against what is usual for it: 3.4 for 340 %
FROM raw.ext_intent AS i
