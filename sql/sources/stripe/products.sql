-- key:  product_id, occurred_at
-- rows: appended
--
-- One row per change of a product that `leadmart snapshot` saw: its name is overwritten in place. Test products are left out.
SELECT
    'stripe:' || CAST(p.id AS VARCHAR) AS product_id,                       -- the product
    p._changed_at AS occurred_at,                                           -- when it changed
    p._loaded_at AS ingested_at,                                            -- when the change was seen
    CAST(p.name AS VARCHAR) AS name,                                        -- its name then
    (p._deleted OR COALESCE(CAST(p.is_deleted AS BOOLEAN), FALSE))
        AS is_deleted                                                       -- TRUE from the row on that deletes it
FROM raw.stripe_product__changes AS p
WHERE CAST(p.livemode AS BOOLEAN)
