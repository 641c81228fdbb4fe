-- entity: lead (lead_id)
-- owner:  growth
--
-- Rows of everyone asked for.
WITH opens AS (
    SELECT spine.lead_id, spine.as_of, COUNT(e.event_id) AS n
    FROM spine
    LEFT JOIN known.email_events AS e
        ON  e.lead_id = spine.lead_id
        AND e.as_of = spine.as_of
    GROUP BY spine.lead_id, spine.as_of
),
c AS (
    SELECT spine.lead_id, spine.as_of, MAX(o.n) AS n
    FROM spine
    LEFT JOIN opens AS o
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
