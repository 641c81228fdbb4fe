-- key:  call_id
-- frozen: id, called_at, synced_at
--
-- Calls.
SELECT
    CAST(c.id AS VARCHAR) AS call_id,                   -- its id
    CAST(c.called_at AS TIMESTAMP) AS occurred_at,      -- when
    CAST(c.synced_at AS TIMESTAMP) AS ingested_at
FROM raw.calls AS c
WHERE c.status <> 'missed'
-- expect: not_frozen
