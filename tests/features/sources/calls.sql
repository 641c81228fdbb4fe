-- key:  call_id
-- rows: appended
--
-- One row per call.
SELECT
    CAST(c.id AS VARCHAR) AS call_id,                       -- id of the call
    CAST(c.lead_id AS VARCHAR) AS lead_id,                  -- the lead
    CAST(c.called_at AS TIMESTAMP) AS occurred_at,          -- when it was made
    CAST(c.synced_at AS TIMESTAMP) AS ingested_at,          -- when the row arrived
    CAST(c.minutes AS BIGINT) AS minutes,                   -- how long
    TRY_CAST(c.score AS DOUBLE) AS score,                   -- whatever was typed
    CAST(c.note AS VARCHAR) AS note                         -- free text
FROM raw.calls AS c
