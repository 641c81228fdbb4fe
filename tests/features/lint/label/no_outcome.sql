-- entity:  lead (lead_id)
-- horizon: 90 days
--
-- A label.
SELECT o.lead_id, MIN(o.occurred_at) AS won_at
FROM staging.opportunities AS o
GROUP BY o.lead_id
-- expect: missing_column @5:8
-- expect: unknown_column
