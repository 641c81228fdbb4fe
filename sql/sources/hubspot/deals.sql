-- key:          opportunity_id
-- frozen:       deal_id, property_createdate, property_hs_createdate, property_dealtype, is_deleted, _fivetran_deleted
-- assumed:      ingested_at is occurred_at + INTERVAL 1 DAY
-- availability: opportunity_id = outcome, pipeline = outcome
--
-- One row per deal, when it was created: the later of the date that was typed in and the system's own. A deal that is
-- deleted by now is left out at every moment.
SELECT
    'hubspot:' || CAST(d.deal_id AS VARCHAR) AS opportunity_id,             -- the deal
    GREATEST(CAST(d.property_createdate AS TIMESTAMP), CAST(d.property_hs_createdate AS TIMESTAMP))
        AS occurred_at,                                                     -- when it was created
    GREATEST(CAST(d.property_createdate AS TIMESTAMP), CAST(d.property_hs_createdate AS TIMESTAMP))
        AS ingested_at,                                                     -- assumed
    CASE d.property_dealtype WHEN 'existingbusiness' THEN 'expansion' ELSE 'new_business' END
        AS pipeline                                                         -- new_business or expansion
FROM raw.hubspot_deal AS d
WHERE NOT COALESCE(CAST(d.is_deleted AS BOOLEAN), FALSE) AND NOT COALESCE(CAST(d._fivetran_deleted AS BOOLEAN), FALSE)
