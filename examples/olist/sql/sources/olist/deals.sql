-- key:          lead_id
-- frozen:       mql_id, won_date
-- availability: lead_id = outcome
-- assumed:      ingested_at is occurred_at
--
-- One row per lead won, when it was won. The label reads it and nothing else may: a row exists for winners only. So does every
-- other column of the table (seller_id, sdr_id, sr_id, business_segment, lead_type, lead_behaviour_profile, has_company, has_gtin,
-- average_stock, business_type, declared_product_catalog_size, declared_monthly_revenue): as a feature, even its being NULL would
-- tell who wins. They are left in raw.
SELECT
    CAST(d.mql_id AS VARCHAR) AS lead_id,                   -- the lead that was won
    CAST(d.won_date AS TIMESTAMP) AS occurred_at,           -- when it was won
    CAST(d.won_date AS TIMESTAMP) AS ingested_at            -- the same: not recorded
FROM raw.closed_deals AS d
