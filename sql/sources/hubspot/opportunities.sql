-- key:          opportunity_id, lead_id
-- frozen:       deal_id, contact_id
-- joins:        deals
-- availability: opportunity_id = outcome, lead_id = outcome, pipeline = outcome
--
-- One row per deal and contact on it, when the deal was created. A link of deal and contact has no time, so nothing but a
-- label may read this. A deal with an existing customer belongs to no lead.
SELECT
    d.opportunity_id AS opportunity_id,                                     -- the deal
    d.occurred_at AS occurred_at,                                           -- when it was created
    d.ingested_at AS ingested_at,                                           -- when that was known
    CASE WHEN d.pipeline = 'new_business' THEN 'hubspot:' || CAST(l.contact_id AS VARCHAR) END
        AS lead_id,                                                         -- the contact, where the business is new
    CAST(NULL AS VARCHAR) AS account_id,                                    -- an association, which has no time
    d.pipeline AS pipeline                                                  -- new_business or expansion
FROM raw.hubspot_deal_contact AS l
JOIN staging.deals AS d
    ON  d.opportunity_id = 'hubspot:' || CAST(l.deal_id AS VARCHAR)
