-- entity: account (account_id)
-- owner:  growth
--
-- What happened to the account of late, and which of its days are near, found by its domain in its version in force. A
-- renewal and the end of a fiscal year are reported with their day in the payload, of several the last report counts.
-- Without the optional source ext_company_events all is NULL.
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
happened AS (
    SELECT
        ve.account_id,
        ve.as_of,
        MAX(x.occurred_at) FILTER (WHERE x.event_type = 'funding') AS funding_at,
        MAX(x.occurred_at) FILTER (WHERE x.event_type = 'leadership') AS leadership_at,
        COUNT(*) FILTER (WHERE x.event_type = 'initiative' AND x.occurred_at >= ve.as_of - INTERVAL 180 DAY) AS initiatives,
        COUNT(*) FILTER (WHERE x.event_type = 'job_post' AND x.occurred_at >= ve.as_of - INTERVAL 90 DAY) AS job_posts,
        COUNT(*) FILTER (WHERE x.event_type = 'competitor_news' AND x.occurred_at >= ve.as_of - INTERVAL 90 DAY) AS rival_news,
        ARG_MAX_NULL(x.payload, (x.occurred_at, x.ingested_at, x.account_domain, x.event_type)) FILTER (WHERE x.event_type = 'renewal')
            AS renewal,
        ARG_MAX_NULL(x.payload, (x.occurred_at, x.ingested_at, x.account_domain, x.event_type)) FILTER (WHERE x.event_type = 'fiscal_year')
            AS fiscal_year
    FROM versions AS ve
    LEFT JOIN known.ext_company_events AS x
        ON  x.account_domain = ve.domain
        AND x.as_of = ve.as_of
        AND x.occurred_at >= ve.as_of - INTERVAL 365 DAY
    GROUP BY ve.account_id, ve.as_of
),
near AS (
    SELECT
        ha.account_id,
        ha.as_of,
        DATE_DIFF('day', ha.as_of, TRY_CAST(REGEXP_EXTRACT(ha.renewal, '[0-9]{4}-[0-9]{2}-[0-9]{2}') AS DATE)) AS to_renewal,
        DATE_DIFF('day', ha.as_of, TRY_CAST(REGEXP_EXTRACT(ha.fiscal_year, '[0-9]{4}-[0-9]{2}-[0-9]{2}') AS DATE)) AS to_year_end
    FROM happened AS ha
)
SELECT
    spine.account_id,
    spine.as_of,
    DATE_DIFF('day', ha.funding_at, spine.as_of)
        AS days_since_funding,                          -- midnights since it was funded; NULL after 365 days
    DATE_DIFF('day', ha.leadership_at, spine.as_of)
        AS days_since_leadership_change,                -- midnights since its leadership changed; NULL after 365 days
    COALESCE(ha.initiatives, 0)
        AS initiatives_180d,                            -- initiatives it announced in the last 180 days
    COALESCE(ha.job_posts, 0)
        AS job_posts_90d,                               -- jobs it offered in the last 90 days
    COALESCE(ha.rival_news, 0)
        AS competitor_news_90d,                         -- news of its present supplier in the last 90 days
    CASE WHEN ne.to_renewal >= 0 THEN ne.to_renewal END
        AS days_to_renewal,                             -- midnights until its contract with its present supplier is renewed; NULL where not reported in 365 days, or past
    CASE WHEN ne.to_year_end >= 0 THEN ne.to_year_end END
        AS days_to_fiscal_year_end                      -- midnights until its fiscal year ends, likewise
FROM spine
LEFT JOIN happened AS ha
    ON  ha.account_id = spine.account_id
    AND ha.as_of = spine.as_of
LEFT JOIN near AS ne
    ON  ne.account_id = spine.account_id
    AND ne.as_of = spine.as_of
