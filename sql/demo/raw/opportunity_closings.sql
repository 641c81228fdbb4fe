-- key: opportunity_id
--
-- Opportunities won and lost.
SELECT
    d.opportunity_id, d.is_won, d.amount, 'USD' AS currency, on_clock(d.closed_w) AS closed_at,
    arrival('closings', d.opportunity_id, on_clock(d.closed_w), 60) AS synced_at
FROM deal AS d
