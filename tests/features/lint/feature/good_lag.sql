-- entity: lead (lead_id)
-- owner:  growth
--
-- Days between mails.
WITH g AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        DATE_DIFF(
            'day',
            LAG(e.occurred_at) OVER (PARTITION BY spine.lead_id, spine.as_of ORDER BY e.occurred_at, e.event_id),
            e.occurred_at
        ) AS gap
    FROM spine
    JOIN known.email_events AS e
        ON  e.lead_id = spine.lead_id
        AND e.as_of = spine.as_of
),
c AS (
    SELECT g.lead_id, g.as_of, MAX(g.gap) AS n
    FROM g
    GROUP BY g.lead_id, g.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
