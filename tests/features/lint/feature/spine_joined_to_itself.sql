-- entity: lead (lead_id)
-- owner:  growth
--
-- Everyone else who is asked for.
WITH c AS (
    SELECT spine.lead_id, spine.as_of, COUNT(o.lead_id) AS n
    FROM spine
    JOIN spine AS o
        ON  o.as_of = spine.as_of
    GROUP BY spine.lead_id, spine.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
-- expect: join_without_key
