-- entity: lead (lead_id)
-- owner:  growth
--
-- The newest row of all moments.
WITH c AS (
    SELECT e.lead_id, e.as_of, e.event_type AS n
    FROM known.email_events AS e
    QUALIFY ROW_NUMBER() OVER (PARTITION BY e.lead_id ORDER BY e.occurred_at DESC, e.event_id) = 1
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
-- expect: window_without_as_of
