-- entity: lead (lead_id)
-- owner:  growth
--
-- Names listed at the CTE.
WITH c (lead_id, as_of, n) AS (
    SELECT e.lead_id, e.as_of, COUNT(*)
    FROM known.email_events AS e
    GROUP BY 1, 2
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
