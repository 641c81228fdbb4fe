-- entity: lead (lead_id)
-- owner:  growth
--
-- By the stamp alone.
WITH c AS (
    SELECT DISTINCT ON (e.lead_id, e.as_of) e.lead_id, e.as_of, e.event_type AS n
    FROM known.email_events AS e
    ORDER BY e.lead_id, e.as_of, e.occurred_at DESC
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
-- expect: order_without_key
