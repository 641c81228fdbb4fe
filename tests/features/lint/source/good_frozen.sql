-- key:  call_id
-- frozen: id, called_at, synced_at, length_s
--
-- Calls.
SELECT
    CAST(c.id AS VARCHAR) AS call_id,                   -- its id
    CAST(c.called_at AS TIMESTAMP) AS occurred_at,      -- when
    CAST(c.synced_at AS TIMESTAMP) AS ingested_at,
    CAST(c.length_s AS BIGINT) AS length_s              -- seconds
FROM raw.calls AS c
