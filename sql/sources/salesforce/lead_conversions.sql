-- key:          lead_id
-- rows:         appended
-- availability: lead_id = outcome
--
-- One row per lead converted into a contact, when it was; converted_date is a day without a time. Conversion is no
-- opportunity.
SELECT
    'salesforce:' || LEFT(CAST(h.lead_id AS VARCHAR), 15) AS lead_id,       -- the lead
    CAST(h.created_date AS TIMESTAMP) AS occurred_at,                       -- when it was converted
    CAST(h._fivetran_synced AS TIMESTAMP) AS ingested_at                    -- when that arrived
FROM raw.salesforce_lead_history AS h
WHERE h.lead_id IS NOT NULL AND h.field = 'leadConverted'
