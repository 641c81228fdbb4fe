-- key:          opportunity_id, stage
-- rows:         appended
-- availability: opportunity_id = outcome, stage = outcome
--
-- One row per stage an opportunity entered.
SELECT
    CAST(s.opportunity_id AS VARCHAR) AS opportunity_id,    -- the opportunity
    CAST(s.entered_at AS TIMESTAMP) AS occurred_at,         -- when it entered the stage
    CAST(s.synced_at AS TIMESTAMP) AS ingested_at,          -- when the row arrived
    CAST(s.stage AS VARCHAR) AS stage                       -- qualification, proposal or negotiation
FROM raw.opportunity_stages AS s
