-- key:          opportunity_id
-- frozen:       opportunity_id, lead_id, account_id, pipeline, created_at, synced_at
-- availability: opportunity_id = outcome, pipeline = outcome
--
-- One row per opportunity, when it was created. Stage, amount and outcome are logs of their own.
SELECT
    CAST(o.opportunity_id AS VARCHAR) AS opportunity_id,    -- the CRM's id of the opportunity
    CAST(o.created_at AS TIMESTAMP) AS occurred_at,         -- when it was created
    CAST(o.synced_at AS TIMESTAMP) AS ingested_at,          -- when the row first arrived
    CAST(o.lead_id AS VARCHAR) AS lead_id,                  -- the lead it came from
    CAST(o.account_id AS VARCHAR) AS account_id,            -- its account, where there is one
    CAST(o.pipeline AS VARCHAR) AS pipeline                 -- new_business or expansion
FROM raw.opportunities AS o
