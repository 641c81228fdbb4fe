-- entity: lead (lead_id)
-- owner:  growth
--
-- A month is no as_of.
WITH c AS (
    SELECT e.lead_id, DATE_TRUNC('month', e.as_of) AS as_of, COUNT(*) AS n
    FROM known.email_events AS e
    GROUP BY e.lead_id, DATE_TRUNC('month', e.as_of)
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
-- expect: group_without_as_of
