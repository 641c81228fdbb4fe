-- entity: lead (lead_id)
-- owner:  growth
--
-- The CTE holds every moment.
WITH c AS (
    SELECT e.lead_id, e.as_of, COUNT(*) AS n
    FROM known.email_events AS e
    GROUP BY e.lead_id, e.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    (SELECT MAX(c.n) FROM c WHERE c.lead_id = spine.lead_id)
        AS n                                            -- a number
FROM spine
-- expect: join_without_as_of
