-- entity: lead (lead_id)
-- owner:  growth
--
-- Whoever is asked for.
WITH c AS (
    SELECT DISTINCT spine.as_of, 1 AS n
    FROM spine
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
-- expect: distinct_without_key
