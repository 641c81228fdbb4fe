-- entity:  lead (lead_id)
-- horizon: 12 weeks
--
-- A label.
SELECT o.lead_id, MIN(o.occurred_at) AS outcome_at
FROM staging.opportunities AS o
GROUP BY o.lead_id
-- expect: bad_header @1
