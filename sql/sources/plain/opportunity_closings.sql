-- key:          opportunity_id
-- rows:         appended
-- availability: opportunity_id = outcome, is_won = outcome, amount = outcome, currency = outcome
--
-- One row per opportunity won or lost, when that became known.
SELECT
    CAST(c.opportunity_id AS VARCHAR) AS opportunity_id,    -- the opportunity that closed
    CAST(c.closed_at AS TIMESTAMP) AS occurred_at,          -- when it was won or lost
    CAST(c.synced_at AS TIMESTAMP) AS ingested_at,          -- when the row arrived
    CAST(c.is_won AS BOOLEAN) AS is_won,                    -- TRUE if won
    CAST(c.amount AS DECIMAL(18, 2)) AS amount,             -- value at closing, in `currency`
    CAST(c.currency AS VARCHAR) AS currency                 -- three letters
FROM raw.opportunity_closings AS c
