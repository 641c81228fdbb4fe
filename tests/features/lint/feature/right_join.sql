-- entity: lead (lead_id)
-- owner:  growth
--
-- A RIGHT JOIN.
WITH c AS (
    SELECT spine.lead_id, spine.as_of, 1 AS n
    FROM spine
    RIGHT JOIN known.email_events AS e
        ON  e.lead_id = spine.lead_id
        AND e.as_of = spine.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
-- expect: refused_construct
