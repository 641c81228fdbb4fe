-- entity: account (account_id)
-- owner:  growth
--
-- What providers of company data say of the account, found by its domain in its version in force. Of one field the value
-- fetched last counts. Without the optional source ext_enrichment all is NULL.
WITH versions AS (
    SELECT
        spine.account_id,
        spine.as_of,
        ARG_MAX_NULL(a.domain, (a.occurred_at, a.ingested_at, a.account_id)) AS domain
    FROM spine
    JOIN known.accounts AS a
        ON  a.account_id = spine.account_id
        AND a.as_of = spine.as_of
    GROUP BY spine.account_id, spine.as_of
),
fetched AS (
    SELECT
        ve.account_id,
        ve.as_of,
        ARG_MAX(x.value, (x.occurred_at, x.ingested_at, x.account_domain, x.field, x.provider)) FILTER (WHERE x.field = 'funding_stage')
            AS funding_stage,
        ARG_MAX(x.value, (x.occurred_at, x.ingested_at, x.account_domain, x.field, x.provider))
            FILTER (WHERE x.field = 'annual_revenue_usd') AS revenue,
        ARG_MAX(x.value, (x.occurred_at, x.ingested_at, x.account_domain, x.field, x.provider)) FILTER (WHERE x.field = 'employees')
            AS employees,
        COUNT(DISTINCT x.field) AS fields,
        MAX(x.occurred_at) AS last_at
    FROM versions AS ve
    JOIN known.ext_enrichment AS x
        ON  x.account_domain = ve.domain
        AND x.as_of = ve.as_of
    GROUP BY ve.account_id, ve.as_of
)
SELECT
    spine.account_id,
    spine.as_of,
    fe.funding_stage AS funding_stage,                  -- stage of funding; NULL where not fetched
    TRY_CAST(fe.revenue AS DOUBLE)
        AS annual_revenue_usd,                          -- revenue a year, USD; NULL where not fetched or no number
    TRY_CAST(TRY_CAST(fe.employees AS DOUBLE) AS BIGINT)
        AS employees_enriched,                          -- head count by the provider; NULL where not fetched or no number
    COALESCE(fe.fields, 0)
        AS enriched_fields,                             -- different fields fetched
    DATE_DIFF('day', fe.last_at, spine.as_of)
        AS days_since_enriched                          -- midnights since anything was fetched; NULL where nothing was
FROM spine
LEFT JOIN fetched AS fe
    ON  fe.account_id = spine.account_id
    AND fe.as_of = spine.as_of
