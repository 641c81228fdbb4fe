-- entity: lead (lead_id)
-- owner:  growth
--
-- A rank among those asked for.
WITH c AS (
    SELECT spine.lead_id, spine.as_of, RANK() OVER (PARTITION BY spine.as_of ORDER BY spine.lead_id) AS n
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
-- expect: window_without_key
