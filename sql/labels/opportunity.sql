-- entity:  lead (lead_id)
-- owner:   growth
-- horizon: 90 days
--
-- A lead's first opportunity.
SELECT
    o.lead_id,                                          -- the lead
    MIN(o.occurred_at) AS outcome_at                    -- when its first opportunity was created
FROM staging.opportunities AS o
WHERE o.lead_id IS NOT NULL
GROUP BY o.lead_id
