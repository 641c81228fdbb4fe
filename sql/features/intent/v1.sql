-- entity: account (account_id)
-- owner:  growth
--
-- What the account reads about elsewhere in the 90 days before as_of, as providers of intent data report it, found by its
-- domain in its version in force. Without the optional source ext_intent all is NULL.
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
topics AS (
    SELECT
        ve.account_id,
        ve.as_of,
        COUNT(i.occurred_at) AS reports,
        COUNT(DISTINCT i.topic) FILTER (WHERE i.occurred_at >= ve.as_of - INTERVAL 30 DAY) AS topics,
        MAX(i.surge_ratio) FILTER (WHERE i.occurred_at >= ve.as_of - INTERVAL 30 DAY) AS surge_30,
        MAX(i.surge_ratio) AS surge_90,
        COUNT(*) FILTER (WHERE REGEXP_MATCHES(LOWER(i.topic), 'competitor|alternative|comparison|review')) AS rivals,
        MAX(i.occurred_at) AS last_at
    FROM versions AS ve
    LEFT JOIN known.ext_intent AS i
        ON  i.account_domain = ve.domain
        AND i.as_of = ve.as_of
        AND i.occurred_at >= ve.as_of - INTERVAL 90 DAY
    GROUP BY ve.account_id, ve.as_of
)
SELECT
    spine.account_id,
    spine.as_of,
    COALESCE(t.reports, 0)
        AS intent_reports_90d,                          -- reports of interest in the last 90 days
    COALESCE(t.topics, 0)
        AS intent_topics_30d,                           -- different topics in the last 30 days
    t.surge_30 AS intent_surge_30d,                     -- the largest interest of the last 30 days against the usual, 3.4 for 340 %; NULL without any
    t.surge_90 AS intent_surge_90d,                     -- the same in the last 90 days
    COALESCE(t.rivals, 0)
        AS rival_topics_90d,                            -- reports on competitors, alternatives or reviews in the last 90 days
    DATE_DIFF('day', t.last_at, spine.as_of)
        AS days_since_last_intent                       -- midnights since the last report; NULL after 90 days
FROM spine
LEFT JOIN topics AS t
    ON  t.account_id = spine.account_id
    AND t.as_of = spine.as_of
