-- entity:  lead (lead_id)
-- horizon: 90 days
--
-- A label.
SELECT o.lead_id, MIN(o.occurred_at) AS outcome_at, COUNT(*) AS opportunities
FROM staging.opportunities AS o
GROUP BY o.lead_id
-- expect: unknown_column
