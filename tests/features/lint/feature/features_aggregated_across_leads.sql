-- entity: lead (lead_id)
-- owner:  growth
--
-- Other leads, where they happen to be asked for.
WITH c AS (
    SELECT spine.lead_id, spine.as_of, SUM(we.sessions_7d) AS n
    FROM spine
    LEFT JOIN features.web_engagement__v1 AS we
        ON  we.as_of = spine.as_of
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
