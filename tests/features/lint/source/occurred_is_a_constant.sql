-- key:  call_id
-- rows: appended
-- assumed: ingested_at is occurred_at + INTERVAL 1 DAY
--
-- One row per call.
SELECT
    CAST(c.id AS VARCHAR) AS call_id,                   -- its id
    TIMESTAMP '2020-01-01' AS occurred_at,              -- when
    CAST(c.called_at AS TIMESTAMP) AS ingested_at       -- when it arrived
FROM raw.calls AS c
-- expect: clock_moved_back
