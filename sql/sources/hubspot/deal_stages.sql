-- key:          stage_id
-- frozen:       stage_id, created_at, probability, is_closed, closed_won
-- assumed:      ingested_at is occurred_at + INTERVAL 1 DAY
-- availability: stage_id = outcome, is_closed = outcome, is_won = outcome
--
-- One row per stage a deal can be in. `closed_won` is true of lost stages too: won is closed with a probability of 1. Stages
-- that are deleted by now stay, since history has them.
SELECT
    'hubspot:' || CAST(p.stage_id AS VARCHAR) AS stage_id,                  -- the stage; its label may be renamed
    CAST(p.created_at AS TIMESTAMP) AS occurred_at,                         -- since when there is one
    CAST(p.created_at AS TIMESTAMP) AS ingested_at,                         -- assumed
    COALESCE(CAST(p.is_closed AS BOOLEAN), CAST(p.closed_won AS BOOLEAN))
        AS is_closed,                                                       -- TRUE where a deal ends, won or lost
    COALESCE(CAST(p.is_closed AS BOOLEAN), CAST(p.closed_won AS BOOLEAN)) AND CAST(p.probability AS DECIMAL(9, 4)) = 1
        AS is_won                                                           -- TRUE where it is won
FROM raw.hubspot_deal_pipeline_stage AS p
