-- key:          lead_id, occurred_at
-- rows:         appended
-- availability: lifecycle_stage = outcome, lead_status = sales_touch, owner_id = sales_touch
--
-- One row per change of a contact that `leadmart snapshot` saw; the version in force is the latest known, and a deletion is
-- a change too. Before the first look nothing is known.
SELECT
    'hubspot:' || CAST(c.id AS VARCHAR) AS lead_id,                         -- the contact
    c._changed_at AS occurred_at,                                           -- when it changed
    c._loaded_at AS ingested_at,                                            -- when the change was seen
    CAST(c.property_company AS VARCHAR) AS company_name,                    -- company
    CAST(c.property_jobtitle AS VARCHAR) AS title,                          -- title
    CAST(c.property_country AS VARCHAR) AS country,                         -- country
    CAST(c.property_lifecyclestage AS VARCHAR) AS lifecycle_stage,          -- subscriber, lead, opportunity, customer, …
    CAST(c.property_hs_lead_status AS VARCHAR) AS lead_status,              -- set by sales
    'hubspot:' || CAST(c.property_hubspot_owner_id AS VARCHAR) AS owner_id,  -- who works the contact
    CAST(c.property_hs_email_optout AS BOOLEAN) AS has_opted_out,           -- TRUE where mail is not wanted
    CAST(c.property_hs_merged_object_ids AS VARCHAR) AS merged_ids,         -- contacts merged into this one, by `;`
    (c._deleted OR COALESCE(CAST(c._fivetran_deleted AS BOOLEAN), FALSE))
        AS is_deleted                                                       -- TRUE from the row on that deletes it
FROM raw.hubspot_contact__changes AS c
