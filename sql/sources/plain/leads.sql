-- key:    lead_id
-- frozen: lead_id, email, full_name, company_name, title, country, lead_source, utm_medium, utm_campaign, consent, created_at, synced_at
-- pii:    email, full_name
--
-- One row per lead, as it was when it was created. Columns the CRM overwrites in place (status, owner, ...) are not history
-- and are not read.
SELECT
    CAST(l.lead_id AS VARCHAR) AS lead_id,                  -- the CRM's id of the lead
    CAST(l.created_at AS TIMESTAMP) AS occurred_at,         -- when the lead was created
    CAST(l.synced_at AS TIMESTAMP) AS ingested_at,          -- when the row first arrived
    CAST(l.email AS VARCHAR) AS email,                      -- address given
    LOWER(NULLIF(TRIM(SPLIT_PART(CAST(l.email AS VARCHAR), '@', 2)), ''))
        AS email_domain,                                    -- after the @, in lower case
    CAST(l.full_name AS VARCHAR) AS full_name,              -- name given
    CAST(l.company_name AS VARCHAR) AS company_name,        -- company as the lead wrote it
    CAST(l.title AS VARCHAR) AS title,                      -- title as the lead wrote it
    CAST(l.country AS VARCHAR) AS country,                  -- two letters
    CAST(l.lead_source AS VARCHAR) AS lead_source,          -- where the lead came from
    CAST(l.utm_medium AS VARCHAR) AS utm_medium,            -- medium of the first touch
    CAST(l.utm_campaign AS VARCHAR) AS utm_campaign,        -- campaign of the first touch
    CAST(l.consent AS VARCHAR) AS consent                   -- granted, denied, or NULL where never asked
FROM raw.leads AS l
