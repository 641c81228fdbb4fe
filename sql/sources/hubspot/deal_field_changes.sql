-- key:          opportunity_id, field, occurred_at
-- rows:         appended
-- changes-of:   value
-- availability: opportunity_id = outcome, field = outcome, value = outcome
--
-- One row per change of a deal's property, by HubSpot's own history. Every value is text: a date is in epoch milliseconds,
-- so cast by the property. An empty text means that it was cleared: NULL.
SELECT
    'hubspot:' || CAST(h.deal_id AS VARCHAR) AS opportunity_id,             -- the deal
    CAST(h.name AS VARCHAR) AS field,                                       -- the property
    CAST(h.timestamp AS TIMESTAMP) AS occurred_at,                          -- when it was set
    CAST(h._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when the change arrived
    NULLIF(CAST(h.value AS VARCHAR), '') AS value                           -- the new value, as text
FROM raw.hubspot_deal_property_history AS h
WHERE h.deal_id IS NOT NULL AND h.name IS NOT NULL
