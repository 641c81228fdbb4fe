-- key:          opportunity_id, account_id, occurred_at
-- rows:         appended
-- availability: opportunity_id = outcome
--
-- One row per change of the companies on a deal, as `leadmart snapshot` saw them: the link itself has no time.
SELECT
    'hubspot:' || CAST(l.deal_id AS VARCHAR) AS opportunity_id,             -- the deal
    'hubspot:' || CAST(l.company_id AS VARCHAR) AS account_id,              -- the company
    l._changed_at AS occurred_at,                                           -- when the link was first seen, or gone
    l._loaded_at AS ingested_at,                                            -- the same
    l._deleted AS is_deleted                                                -- TRUE from the row on that takes it away
FROM raw.hubspot_deal_company__changes AS l
