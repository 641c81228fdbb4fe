-- entity: lead (lead_id)
-- owner:  growth
--
-- Two logs as one.
WITH touches AS (
    SELECT e.lead_id, e.as_of, e.occurred_at
    FROM known.email_events AS e
    UNION ALL
    SELECT w.lead_id, w.as_of, w.occurred_at
    FROM known.web_events AS w
),
c AS (
    SELECT t.lead_id, t.as_of, COUNT(*) AS n
    FROM touches AS t
    GROUP BY t.lead_id, t.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
