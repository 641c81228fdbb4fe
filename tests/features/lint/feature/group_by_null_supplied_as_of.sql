-- entity: lead (lead_id)
-- owner:  growth
--
-- The as_of of a LEFT JOIN is NULL for whom nothing was joined.
WITH c AS (
    SELECT spine.lead_id, e.as_of, COUNT(e.event_id) AS n
    FROM spine
    LEFT JOIN known.email_events AS e
        ON  e.lead_id = spine.lead_id
        AND e.as_of = spine.as_of
    GROUP BY spine.lead_id, e.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
-- expect: null_supplied_as_of
-- expect: group_without_as_of
-- expect: null_supplied_as_of
