-- entity: lead (lead_id)
-- owner:  growth
--
-- The step forgets as_of.
WITH RECURSIVE c AS (
    SELECT spine.lead_id, spine.as_of, 0 AS n
    FROM spine
    UNION ALL
    SELECT e.lead_id, e.occurred_at, c.n + 1
    FROM c
    JOIN known.email_events AS e
        ON  e.lead_id = c.lead_id
        AND e.as_of = c.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
-- expect: as_of_lost
