-- key:          opportunity_id, closed_at
-- frozen:       deal_id, date_entered, value
-- assumed:      ingested_at is occurred_at + INTERVAL 1 DAY
-- joins:        deals, deal_stages
-- availability: opportunity_id = outcome, is_won = outcome, amount = outcome, currency = outcome, closed_at = outcome
--
-- One row per time a deal was won or lost; a lost deal may be reopened and close again. The amount of a deal is overwritten
-- in place; what it was at closing is in deal_field_changes.
SELECT
    d.opportunity_id AS opportunity_id,                                     -- the deal
    CAST(s.date_entered AS TIMESTAMP) AS occurred_at,                       -- when it entered the closed stage
    CAST(s.date_entered AS TIMESTAMP) AS ingested_at,                       -- assumed
    p.is_won AS is_won,                                                     -- TRUE if won
    CAST(NULL AS DECIMAL(18, 2)) AS amount,                                 -- see above
    CAST(NULL AS VARCHAR) AS currency,                                      -- see above
    CAST(s.date_entered AS TIMESTAMP) AS closed_at                          -- the date as it was given
FROM raw.hubspot_deal_stage AS s
JOIN staging.deals AS d
    ON  d.opportunity_id = 'hubspot:' || CAST(s.deal_id AS VARCHAR)
JOIN staging.deal_stages AS p
    ON  p.stage_id = 'hubspot:' || CAST(s.value AS VARCHAR)
WHERE p.is_closed
