-- key:          opportunity_id, occurred_at
-- frozen:       deal_id, date_entered, value, property_createdate, property_hs_createdate
-- changes-of:   stage
-- availability: opportunity_id = outcome, stage = outcome
--
-- One row per stage a deal entered. A stage may be dated before the deal was in the system: it was known from then on only.
SELECT
    'hubspot:' || CAST(s.deal_id AS VARCHAR) AS opportunity_id,             -- the deal
    CAST(s.date_entered AS TIMESTAMP) AS occurred_at,                       -- when it entered the stage
    GREATEST(
        CAST(s.date_entered AS TIMESTAMP),
        CAST(d.property_createdate AS TIMESTAMP),
        CAST(d.property_hs_createdate AS TIMESTAMP)
    ) + INTERVAL 1 DAY AS ingested_at,                                      -- a day after the deal was there, assumed
    CAST(s.value AS VARCHAR) AS stage                                       -- id of the stage; its label may be renamed
FROM raw.hubspot_deal_stage AS s
JOIN raw.hubspot_deal AS d
    ON  d.deal_id = s.deal_id
