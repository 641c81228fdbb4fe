-- key:  call_id
-- rows: appended
--
-- Calls.
SELECT
    CAST(c.id AS VARCHAR) AS call_id,                   -- its id
    CAST(c.called_at AS TIMESTAMP) AS occurred_at,      -- when
    CAST(c.synced_at AS TIMESTAMP) AS ingested_at
FROM raw.calls AS c
UNION ALL
SELECT d.id, d.called_at, d.synced_at
FROM raw.other_calls AS d
-- expect: not_row_local
