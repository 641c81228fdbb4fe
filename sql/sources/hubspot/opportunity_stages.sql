-- key:          opportunity_id, entered_at
-- frozen:       deal_id, date_entered, value
-- assumed:      ingested_at is occurred_at + INTERVAL 1 DAY
-- joins:        deals
-- availability: opportunity_id = outcome, stage = outcome, entered_at = outcome
--
-- One row per stage a deal entered. A stage may be dated before the deal was in the system: it counts from then on only.
SELECT
    d.opportunity_id AS opportunity_id,                                     -- the deal
    CAST(s.date_entered AS TIMESTAMP) AS occurred_at,                       -- when it entered the stage
    CAST(s.date_entered AS TIMESTAMP) AS ingested_at,                       -- assumed
    CAST(s.value AS VARCHAR) AS stage,                                      -- id of the stage; its label may be renamed
    CAST(s.date_entered AS TIMESTAMP) AS entered_at                         -- the date as it was given
FROM raw.hubspot_deal_stage AS s
JOIN staging.deals AS d
    ON  d.opportunity_id = 'hubspot:' || CAST(s.deal_id AS VARCHAR)
