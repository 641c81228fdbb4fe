-- entity: account (account_id)
-- owner:  growth
--
-- The account in its version in force, and what all its leads did on the web site, whichever leads are asked for.
WITH versions AS (
    SELECT
        spine.account_id,
        spine.as_of,
        ARG_MAX_NULL(a.employees, (a.occurred_at, a.ingested_at, a.account_id)) AS employees,
        ARG_MAX_NULL(a.industry, (a.occurred_at, a.ingested_at, a.account_id)) AS industry,
        ARG_MAX_NULL(a.is_deleted, (a.occurred_at, a.ingested_at, a.account_id)) AS is_deleted
    FROM spine
    JOIN known.accounts AS a
        ON  a.account_id = spine.account_id
        AND a.as_of = spine.as_of
    GROUP BY spine.account_id, spine.as_of
),
people AS MATERIALIZED (                                -- the spine first: with it joined last the query did not end
    SELECT
        spine.account_id,
        spine.as_of,
        la.lead_id
    FROM spine
    JOIN links.lead_account__v1 AS la
        ON  la.account_id = spine.account_id
        AND la.as_of = spine.as_of
),
visits AS (
    SELECT
        pe.account_id,
        pe.as_of,
        COUNT(DISTINCT w.lead_id) AS active_people,
        COUNT(w.event_id) FILTER (WHERE w.page_type = 'pricing') AS pricing_views
    FROM people AS pe
    JOIN known.web_events AS w
        ON  w.lead_id = pe.lead_id
        AND w.as_of = pe.as_of
        AND w.occurred_at >= pe.as_of - INTERVAL 30 DAY
    GROUP BY pe.account_id, pe.as_of
)
SELECT
    spine.account_id,
    spine.as_of,
    CASE WHEN ve.is_deleted THEN NULL ELSE ve.employees END
        AS employees,                                   -- head count; NULL where not recorded or the account is deleted
    CASE WHEN ve.is_deleted THEN NULL ELSE ve.industry END
        AS industry,                                    -- industry; NULL where not recorded or the account is deleted
    COALESCE(vi.active_people, 0)
        AS active_people_30d,                           -- leads of the account with a page view in the last 30 days
    COALESCE(vi.pricing_views, 0)
        AS account_pricing_views_30d                    -- pricing pages all of them opened in the last 30 days
FROM spine
LEFT JOIN versions AS ve
    ON  ve.account_id = spine.account_id
    AND ve.as_of = spine.as_of
LEFT JOIN visits AS vi
    ON  vi.account_id = spine.account_id
    AND vi.as_of = spine.as_of
