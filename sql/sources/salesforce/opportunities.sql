-- key:          opportunity_id, lead_id
-- frozen:       id, created_date, type, is_deleted, opportunity_id, contact_id, converted_contact_id
-- assumed:      ingested_at is occurred_at + INTERVAL 3 HOUR
-- availability: opportunity_id = outcome, lead_id = outcome, pipeline = outcome
--
-- One row per opportunity and lead: a lead is on it whose contact has a role in it. The contact is only known at
-- conversion, and roles are added until the day before closing, so nothing but a label may read this. Conversion alone is
-- no opportunity. What is deleted by now is left out at every moment; business with a customer belongs to no lead.
SELECT
    'salesforce:' || LEFT(CAST(o.id AS VARCHAR), 15) AS opportunity_id,     -- the opportunity
    CAST(o.created_date AS TIMESTAMP) AS occurred_at,                       -- when it was created
    CAST(o.created_date AS TIMESTAMP) AS ingested_at,                       -- assumed
    CASE WHEN COALESCE(CAST(o.type AS VARCHAR), '') NOT LIKE 'Existing%'
        THEN 'salesforce:' || LEFT(CAST(l.id AS VARCHAR), 15) END
        AS lead_id,                                                         -- the lead, where the business is new
    CAST(NULL AS VARCHAR) AS account_id,                                    -- changes: opportunity_states
    CASE WHEN CAST(o.type AS VARCHAR) LIKE 'Existing%' THEN 'expansion' ELSE 'new_business' END
        AS pipeline                                                         -- new_business or expansion
FROM raw.salesforce_opportunity AS o
JOIN raw.salesforce_opportunity_contact_role AS r
    ON  r.opportunity_id = o.id
JOIN raw.salesforce_lead AS l
    ON  l.converted_contact_id = r.contact_id
WHERE NOT COALESCE(CAST(o.is_deleted AS BOOLEAN), FALSE) AND NOT COALESCE(CAST(r.is_deleted AS BOOLEAN), FALSE)
