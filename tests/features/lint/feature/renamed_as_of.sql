-- entity: lead (lead_id)
-- owner:  growth
--
-- An as_of by another name is a value.
WITH c AS (
    SELECT e.lead_id, e.as_of AS moment, e.occurred_at AS as_of, COUNT(*) AS n
    FROM known.email_events AS e
    GROUP BY e.lead_id, e.as_of, e.occurred_at
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
