-- key:  call_id
-- rows: appended
-- availability: likely = later
--
-- Calls.
SELECT
    CAST(c.id AS VARCHAR) AS call_id,                   -- its id
    CAST(c.called_at AS TIMESTAMP) AS occurred_at,      -- when
    CAST(c.synced_at AS TIMESTAMP) AS ingested_at,
    CAST(c.probability AS BIGINT) AS likely             -- of a deal
FROM raw.calls AS c
-- expect: bad_header
