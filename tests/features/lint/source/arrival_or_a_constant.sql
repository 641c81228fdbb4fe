-- key:  call_id
-- rows: appended
--
-- One row per call.
SELECT
    CAST(c.id AS VARCHAR) AS call_id,                   -- its id
    CAST(c.called_at AS TIMESTAMP) AS occurred_at,      -- when
    COALESCE(CAST(c.synced_at AS TIMESTAMP), TIMESTAMP '2020-01-01') AS ingested_at       -- when it arrived
FROM raw.calls AS c
-- expect: clock_moved_back
