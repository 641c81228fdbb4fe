-- entity: lead (lead_id)
--
-- A link that knows who won.
SELECT
    l.lead_id,
    l.as_of,
    COUNT(o.opportunity_id) AS account_id               -- deals
FROM known.leads AS l
LEFT JOIN known.opportunities AS o
    ON  o.lead_id = l.lead_id
    AND o.as_of = l.as_of
GROUP BY l.lead_id, l.as_of
-- expect: hindsight_column
-- expect: hindsight_column
