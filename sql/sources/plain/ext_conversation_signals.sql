-- key:  lead_id, signal, extractor_version, occurred_at
-- rows: appended
--
-- One row per thing a lead said in a chat, as an extractor read it from the transcript. What was said in a call that a
-- representative made is a touch of sales: it belongs in a table of its own with `-- availability: … = sales_touch`.
SELECT
    CAST(c.lead_id AS VARCHAR) AS lead_id,                  -- the lead
    CAST(c.signal AS VARCHAR) AS signal,                    -- timeline, budget, authority, pain, competitor, support
    CAST(c.extractor_version AS VARCHAR) AS extractor_version, -- what read the transcript
    CAST(c.occurred_at AS TIMESTAMP) AS occurred_at,        -- when it was said
    CAST(c.ingested_at AS TIMESTAMP) AS ingested_at,        -- when the row arrived
    CAST(c.strength AS DECIMAL(9, 4)) AS strength           -- how clearly, 0 to 1
FROM raw.ext_conversation_signals AS c
