-- key:  lead_id
-- rows: appended
--
-- One row per contact merged into another, when it was. Before that it is a lead of its own.
SELECT
    'hubspot:' || UNNEST(STRING_SPLIT(CAST(h.value AS VARCHAR), ';')) AS lead_id,   -- the contact that was merged away
    CAST(h.timestamp AS TIMESTAMP) AS occurred_at,                          -- when
    CAST(h._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when that arrived
    'hubspot:' || CAST(h.contact_id AS VARCHAR) AS winner_id                -- the contact that is left
FROM raw.hubspot_contact_property_history AS h
WHERE h.name = 'hs_merged_object_ids' AND h.value <> ''
