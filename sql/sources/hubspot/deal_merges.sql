-- key:          opportunity_id
-- rows:         appended
-- assumed:      ingested_at is occurred_at
-- availability: opportunity_id = outcome, winner_id = outcome
--
-- One row per deal merged into another. HubSpot keeps no date of it: it counts from when it arrived.
SELECT
    'hubspot:' || CAST(m.merged_deal_id AS VARCHAR) AS opportunity_id,      -- the deal that was merged away
    CAST(m._fivetran_synced AS TIMESTAMP) AS occurred_at,                   -- when that arrived
    CAST(m._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when that arrived
    'hubspot:' || CAST(m.deal_id AS VARCHAR) AS winner_id                   -- the deal that is left
FROM raw.hubspot_merged_deal AS m
