-- entity: lead (lead_id)
-- owner:  growth
--
-- Beside everyone known.
WITH c AS (
    SELECT spine.lead_id, spine.as_of, 100 * COUNT(o.lead_id) FILTER (WHERE o.country = l.country) // COUNT(o.lead_id) AS n
    FROM spine
    JOIN known.leads AS l
        ON  l.lead_id = spine.lead_id
        AND l.as_of = spine.as_of
    JOIN known.leads AS o
        ON  o.as_of = spine.as_of
    GROUP BY spine.lead_id, spine.as_of, l.country
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
