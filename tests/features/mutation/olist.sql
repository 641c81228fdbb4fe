-- Raw rows in the shape of Olist's two files; both clocks are days.
CREATE TABLE world.marketing_qualified_leads AS
SELECT
    'M' || LPAD(CAST(i AS VARCHAR), 2, '0') AS mql_id,
    CAST(DATE '2026-02-26' + CAST(HASH(i, 'day') % 8 AS INTEGER) AS DATE) AS first_contact_date,
    'page' || HASH(i, 'page') % 3 AS landing_page_id,
    ['organic_search', 'social', 'unknown', NULL][1 + CAST(HASH(i, 'origin') % 4 AS INTEGER)] AS origin,
    'working' AS status
FROM RANGE(40) AS t (i);
CREATE TABLE world.closed_deals AS
SELECT
    'M' || LPAD(CAST(3 * i AS VARCHAR), 2, '0') AS mql_id,
    CAST(DATE '2026-02-27' + CAST(HASH(i, 'won') % 20 AS INTEGER) AS DATE) AS won_date,
    'seller' || i AS seller_id,
    'reseller' AS business_type
FROM RANGE(12) AS t (i);
