-- entity: lead (lead_id)
-- owner:  growth
--
-- Who is asked for, as a flag.
WITH c AS (
    SELECT l.lead_id, l.as_of, COUNT(spine.lead_id) AS n
    FROM known.leads AS l
    LEFT JOIN spine
        ON  spine.lead_id = l.lead_id
        AND spine.as_of = l.as_of
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
-- expect: join_without_key
-- expect: group_without_key
