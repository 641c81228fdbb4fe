-- key:  call_id
-- rows: appended
--
-- Calls.
SELECT
    CAST(c.id AS VARCHAR) AS call_id,                   -- its id
    CAST(c.called_at AS TIMESTAMP) AS occurred_at,      -- when
    CAST(c.synced_at AS TIMESTAMP) AS ingested_at,
    (SELECT MAX(d.id) FROM raw.calls AS d) AS last_id        -- the last
FROM raw.calls AS c
-- expect: not_row_local
-- expect: not_row_local
