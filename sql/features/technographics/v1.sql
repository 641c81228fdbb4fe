-- entity: account (account_id)
-- owner:  growth
--
-- What the account works with, found by its domain in its version in force. A product is in use until it is seen to be
-- gone. Which products go with ours and which compete stands in reference.products. Without the optional source
-- ext_technographics all is NULL.
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
sightings AS (
    SELECT
        ve.account_id,
        ve.as_of,
        x.product,
        ARG_MAX_NULL(x.category, (x.occurred_at, x.ingested_at, x.account_domain, x.product)) AS category,
        ARG_MAX_NULL(x.status, (x.occurred_at, x.ingested_at, x.account_domain, x.product)) AS status
    FROM versions AS ve
    JOIN known.ext_technographics AS x
        ON  x.account_domain = ve.domain
        AND x.as_of = ve.as_of
        AND x.product IS NOT NULL
    GROUP BY ve.account_id, ve.as_of, x.product
),
in_use AS (
    SELECT
        si.account_id,
        si.as_of,
        COUNT(si.product) AS products,
        MIN(si.product) FILTER (WHERE si.category = 'crm') AS crm,
        MIN(si.product) FILTER (WHERE si.category = 'marketing_automation') AS automation,
        MIN(si.product) FILTER (WHERE si.category = 'cloud') AS cloud,
        COUNT(si.product) FILTER (WHERE pr.meaning = 'complementary') AS complementary,
        COUNT(si.product) FILTER (WHERE pr.meaning = 'competing') AS competing
    FROM sightings AS si
    LEFT JOIN reference.products AS pr
        ON  pr.product = LOWER(si.product)
    WHERE si.status = 'seen'
    GROUP BY si.account_id, si.as_of
)
SELECT
    spine.account_id,
    spine.as_of,
    COALESCE(iu.products, 0)
        AS products_in_use,                             -- products in use
    iu.crm AS crm_in_use,                               -- its CRM, of several the first by name; NULL where none was seen
    iu.automation AS marketing_automation_in_use,       -- its marketing automation, likewise
    iu.cloud AS cloud_in_use,                           -- its cloud, likewise
    COALESCE(iu.complementary, 0)
        AS complementary_products,                      -- products in use that go with ours
    COALESCE(iu.competing, 0)
        AS competing_products                           -- products in use that compete with ours
FROM spine
LEFT JOIN in_use AS iu
    ON  iu.account_id = spine.account_id
    AND iu.as_of = spine.as_of
