-- entity: account (account_id)
-- owner:  growth
--
-- What company the account is, in its version in force. Head count and industry by themselves are account_engagement's;
-- regions stand in reference.regions. A deleted account is NULL.
WITH versions AS (
    SELECT
        spine.account_id,
        spine.as_of,
        ARG_MAX_NULL(a.employees, (a.occurred_at, a.ingested_at, a.account_id)) AS employees,
        ARG_MAX_NULL(a.country, (a.occurred_at, a.ingested_at, a.account_id)) AS country,
        ARG_MAX_NULL(a.is_deleted, (a.occurred_at, a.ingested_at, a.account_id)) AS is_deleted,
        ARG_MAX_NULL(a.employees, (a.occurred_at, a.ingested_at, a.account_id))
            FILTER (WHERE a.occurred_at < spine.as_of - INTERVAL 365 DAY) AS employees_then,
        MIN(a.occurred_at) AS since
    FROM spine
    JOIN known.accounts AS a
        ON  a.account_id = spine.account_id
        AND a.as_of = spine.as_of
    GROUP BY spine.account_id, spine.as_of
)
SELECT
    spine.account_id,
    spine.as_of,
    CASE
        WHEN ve.is_deleted OR ve.employees IS NULL THEN NULL
        WHEN ve.employees <= 10 THEN '1-10'
        WHEN ve.employees <= 50 THEN '11-50'
        WHEN ve.employees <= 200 THEN '51-200'
        WHEN ve.employees <= 1000 THEN '201-1000'
        ELSE '1001+'
    END AS size_band,                                   -- band of head count; NULL where not recorded
    CASE WHEN ve.is_deleted THEN NULL ELSE NULLIF(UPPER(TRIM(ve.country)), '') END
        AS hq_country,                                  -- country of the headquarters, two letters; NULL where not recorded
    CASE
        WHEN ve.is_deleted OR COALESCE(TRIM(ve.country), '') = '' THEN NULL
        ELSE COALESCE(re.region, 'other')
    END AS hq_region,                                   -- region of the headquarters; NULL where no country is recorded
    CASE
        WHEN ve.is_deleted THEN NULL
        ELSE ROUND((ve.employees - ve.employees_then) / NULLIF(ve.employees_then, 0), 3)
    END AS employee_growth,                             -- growth of head count over 365 days, 0.1 for a tenth; NULL where either is not recorded
    CASE WHEN ve.is_deleted THEN NULL ELSE DATE_DIFF('day', ve.since, spine.as_of) END
        AS account_age_days                             -- midnights since the account was first recorded
FROM spine
LEFT JOIN versions AS ve
    ON  ve.account_id = spine.account_id
    AND ve.as_of = spine.as_of
LEFT JOIN reference.regions AS re
    ON  re.country = UPPER(TRIM(ve.country))
