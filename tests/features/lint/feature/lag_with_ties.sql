-- entity: lead (lead_id)
-- owner:  growth
--
-- By the stamp alone.
WITH d AS (
    SELECT
        e.lead_id,
        e.as_of,
        DATE_DIFF('day', LAG(e.occurred_at) OVER (PARTITION BY e.lead_id, e.as_of ORDER BY e.occurred_at), e.occurred_at) AS gap
    FROM known.email_events AS e
),
c AS (
    SELECT d.lead_id, d.as_of, MAX(d.gap) AS n
    FROM d
    GROUP BY d.lead_id, d.as_of
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
