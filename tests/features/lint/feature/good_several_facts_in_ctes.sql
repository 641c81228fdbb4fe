-- entity: lead (lead_id)
-- owner:  growth
--
-- Each fact in its CTE.
WITH opens AS (
    SELECT e.lead_id, e.as_of, COUNT(*) AS n
    FROM known.email_events AS e
    WHERE e.event_type = 'open'
    GROUP BY e.lead_id, e.as_of
),
c AS (
    SELECT w.lead_id, w.as_of, COUNT(*) + MAX(COALESCE(o.n, 0)) AS n
    FROM known.web_events AS w
    LEFT JOIN opens AS o
        ON  o.lead_id = w.lead_id
        AND o.as_of = w.as_of
    GROUP BY w.lead_id, w.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
