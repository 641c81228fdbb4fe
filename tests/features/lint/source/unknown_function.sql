-- key:  call_id
-- rows: appended
--
-- Calls.
SELECT
    CAST(c.id AS VARCHAR) AS call_id,                   -- its id
    CAST(c.called_at AS TIMESTAMP) AS occurred_at,      -- when
    CAST(c.synced_at AS TIMESTAMP) AS ingested_at,
    HASH(c.id) AS h                                     -- a number
FROM raw.calls AS c
-- expect: unknown_function
