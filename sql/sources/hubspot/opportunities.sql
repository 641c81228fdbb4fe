-- key:          opportunity_id, lead_id
-- frozen:       deal_id, contact_id, property_createdate, property_hs_createdate, deal_pipeline_id, property_dealtype, is_deleted, _fivetran_deleted
-- assumed:      ingested_at is occurred_at + INTERVAL 1 DAY
-- availability: opportunity_id = outcome, lead_id = outcome, pipeline = outcome
--
-- One row per deal and contact on it, when the deal was created: the later of the date that was typed in and the system's
-- own. A link of deal and contact has no time, so nothing but a label may read this. A deal that is deleted by now is left
-- out at every moment; one with an existing customer belongs to no lead.
SELECT
    'hubspot:' || CAST(d.deal_id AS VARCHAR) AS opportunity_id,             -- the deal
    GREATEST(CAST(d.property_createdate AS TIMESTAMP), CAST(d.property_hs_createdate AS TIMESTAMP))
        AS occurred_at,                                                     -- when it was created
    GREATEST(CAST(d.property_createdate AS TIMESTAMP), CAST(d.property_hs_createdate AS TIMESTAMP))
        AS ingested_at,                                                     -- assumed
    CASE WHEN d.property_dealtype IS DISTINCT FROM 'existingbusiness' THEN 'hubspot:' || CAST(l.contact_id AS VARCHAR) END
        AS lead_id,                                                         -- the contact, where the business is new
    CAST(NULL AS VARCHAR) AS account_id,                                    -- an association, which has no time
    CASE d.property_dealtype WHEN 'existingbusiness' THEN 'expansion' ELSE 'new_business' END
        AS pipeline                                                         -- new_business or expansion
FROM raw.hubspot_deal AS d
JOIN raw.hubspot_deal_contact AS l
    ON  l.deal_id = d.deal_id
WHERE NOT COALESCE(CAST(d.is_deleted AS BOOLEAN), FALSE) AND NOT COALESCE(CAST(d._fivetran_deleted AS BOOLEAN), FALSE)
