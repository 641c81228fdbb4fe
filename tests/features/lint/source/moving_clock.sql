-- key:  call_id
-- rows: appended
--
-- Calls.
SELECT
    CAST(c.id AS VARCHAR) AS call_id,                   -- its id
    CAST(c.called_at AS TIMESTAMP) AS occurred_at,      -- when
    CAST(c.synced_at AS TIMESTAMP) AS ingested_at,
    NOW() AS seen_at                                   -- when it was read
FROM raw.calls AS c
-- expect: moving_function
