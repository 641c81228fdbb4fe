-- key:   opportunity_id
-- again: stage = 'negotiation'
--
-- Opportunities. `stage` and `is_closed` are overwritten in place.
SELECT
    d.opportunity_id, d.lead_id, d.account_id, d.pipeline, on_clock(d.at_w) AS created_at,
    arrival('opportunities', d.opportunity_id, on_clock(d.at_w), 10) AS synced_at,
    CASE WHEN d.closed_w >= f.until_w THEN 'proposal' WHEN d.is_won THEN 'won' ELSE 'lost' END AS stage,
    d.closed_w < f.until_w AS is_closed
FROM deal AS d CROSS JOIN frame AS f
