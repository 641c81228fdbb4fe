-- entity: lead (lead_id)
-- owner:  growth
--
-- Rows of whoever is asked for.
WITH c AS (
    SELECT we.as_of, MIN(we.lead_id) AS lead_id, SUM(we.sessions_7d) AS n
    FROM features.web_engagement__v1 AS we
    GROUP BY we.as_of
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
