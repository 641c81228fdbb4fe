-- entity: lead (lead_id)
-- owner:  growth
--
-- Refused for strictness: GROUP BY the joined key.
WITH c AS (
    SELECT l.lead_id, l.as_of, COUNT(*) AS n
    FROM spine
    JOIN known.leads AS l
        ON  l.lead_id = spine.lead_id
        AND l.as_of = spine.as_of
    GROUP BY l.lead_id, l.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
-- expect: group_without_key
