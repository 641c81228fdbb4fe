-- key:          opportunity_id, occurred_at
-- frozen:       deal_id, date_entered, value, property_createdate, property_hs_createdate, stage_id, is_closed, closed_won, probability
-- availability: opportunity_id = outcome, is_won = outcome, amount = outcome, currency = outcome
--
-- One row per time a deal was won or lost; a lost deal may be reopened and close again. `closed_won` is true of lost stages
-- too: a deal is won where its stage is closed and its probability 1. The amount of a deal is overwritten in place; what
-- it was at closing is in deal_field_changes.
SELECT
    'hubspot:' || CAST(s.deal_id AS VARCHAR) AS opportunity_id,             -- the deal
    CAST(s.date_entered AS TIMESTAMP) AS occurred_at,                       -- when it entered the closed stage
    GREATEST(
        CAST(s.date_entered AS TIMESTAMP),
        CAST(d.property_createdate AS TIMESTAMP),
        CAST(d.property_hs_createdate AS TIMESTAMP)
    ) + INTERVAL 1 DAY AS ingested_at,                                      -- a day later, assumed
    CAST(p.probability AS DOUBLE) = 1 AS is_won,                            -- TRUE if won
    CAST(NULL AS DECIMAL(18, 2)) AS amount,                                 -- see above
    CAST(NULL AS VARCHAR) AS currency                                       -- see above
FROM raw.hubspot_deal_stage AS s
JOIN raw.hubspot_deal AS d
    ON  d.deal_id = s.deal_id
JOIN raw.hubspot_deal_pipeline_stage AS p
    ON  p.stage_id = s.value
WHERE COALESCE(CAST(p.is_closed AS BOOLEAN), CAST(p.closed_won AS BOOLEAN))
