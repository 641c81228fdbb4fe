-- entity:  lead (lead_id)
-- owner:   growth
-- horizon: 90 days
--
-- A lead became a seller.
SELECT
    d.lead_id,                                          -- the lead
    MIN(d.occurred_at) AS outcome_at                    -- when it was won
FROM staging.deals AS d
GROUP BY d.lead_id
