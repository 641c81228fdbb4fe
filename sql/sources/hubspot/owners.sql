-- key:          owner_id
-- frozen:       owner_id, type, created_at
-- assumed:      ingested_at is occurred_at + INTERVAL 1 DAY
-- availability: owner_id = sales_touch
--
-- One row per owner a contact can have: a person, or a queue.
SELECT
    'hubspot:' || CAST(o.owner_id AS VARCHAR) AS owner_id,                  -- the owner
    CAST(o.created_at AS TIMESTAMP) AS occurred_at,                         -- since when
    CAST(o.created_at AS TIMESTAMP) AS ingested_at,                         -- assumed
    o.type = 'PERSON' AS is_person                                          -- FALSE for a queue
FROM raw.hubspot_owner AS o
