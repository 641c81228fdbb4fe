-- entity:  lead (lead_id)
-- horizon: 90 days
--
-- A label.
SELECT o.lead_id, MIN(o.occurred_at) AS outcome_at
FROM known.opportunities AS o
GROUP BY o.lead_id
-- expect: unknown_relation @6:12
