-- entity: lead (lead_id)
-- owner:  growth
--
-- How many leads are asked for.
WITH c AS (
    SELECT MIN(spine.lead_id) AS lead_id, spine.as_of, COUNT(*) AS n
    FROM spine
    GROUP BY spine.as_of
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
