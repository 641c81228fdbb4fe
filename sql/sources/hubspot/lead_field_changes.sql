-- key:          lead_id, field, occurred_at
-- rows:         appended
-- changes-of:   value
-- availability: value = outcome
--
-- One row per change of a contact's field, by HubSpot's own history. An empty text means that the field was cleared: NULL.
SELECT
    'hubspot:' || CAST(h.contact_id AS VARCHAR) AS lead_id,                 -- the contact
    CAST(h.name AS VARCHAR) AS field,                                       -- the property
    CAST(h.timestamp AS TIMESTAMP) AS occurred_at,                          -- when it was set
    CAST(h._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when the change arrived
    NULLIF(CAST(h.value AS VARCHAR), '') AS value,                          -- the new value, as text; NULL where cleared
    CAST(h.source AS VARCHAR) AS changed_by                                 -- FORM, CRM_UI, CALCULATED, MIGRATION, …
FROM raw.hubspot_contact_property_history AS h
WHERE h.contact_id IS NOT NULL AND h.name IS NOT NULL
