-- entity: lead (lead_id)
-- owner:  growth
--
-- The first mail.
WITH c AS (
    SELECT e.lead_id, e.as_of, e.event_type AS n, ROW_NUMBER() OVER (PARTITION BY e.lead_id, e.as_of ORDER BY e.occurred_at, e.event_id) AS rn
    FROM known.email_events AS e
    QUALIFY rn = 1
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
