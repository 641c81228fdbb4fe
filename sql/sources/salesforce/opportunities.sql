-- key:          opportunity_id, lead_id
-- frozen:       opportunity_id, contact_id, is_deleted
-- joins:        deals, lead_contacts
-- availability: opportunity_id = outcome, lead_id = outcome, pipeline = outcome
--
-- One row per opportunity and lead: a lead is on it whose contact has a role in it. The contact is only known at
-- conversion, and roles are added until the day before closing, so nothing but a label may read this. Conversion alone is
-- no opportunity. Business with a customer belongs to no lead.
SELECT
    o.opportunity_id AS opportunity_id,                                     -- the opportunity
    o.occurred_at AS occurred_at,                                           -- when it was created
    o.ingested_at AS ingested_at,                                           -- when that was known
    CASE WHEN o.pipeline = 'new_business' THEN c.lead_id END AS lead_id,    -- the lead, where the business is new
    CAST(NULL AS VARCHAR) AS account_id,                                    -- changes: opportunity_states
    o.pipeline AS pipeline                                                  -- new_business or expansion
FROM raw.salesforce_opportunity_contact_role AS r
JOIN staging.deals AS o
    ON  o.opportunity_id = 'salesforce:' || LEFT(CAST(r.opportunity_id AS VARCHAR), 15)
JOIN staging.lead_contacts AS c
    ON  c.contact_id = 'salesforce:' || LEFT(CAST(r.contact_id AS VARCHAR), 15)
WHERE NOT COALESCE(CAST(r.is_deleted AS BOOLEAN), FALSE)
