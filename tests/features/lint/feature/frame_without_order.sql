-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
WITH w AS (
    SELECT
        v.lead_id,
        v.as_of,
        COUNT(*) OVER (PARTITION BY v.as_of, v.lead_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS k
    FROM known.web_events AS v
),

c AS (
    SELECT w.lead_id, w.as_of, MAX(w.k) AS n
    FROM w
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
-- expect: unordered
