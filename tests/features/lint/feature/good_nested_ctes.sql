-- entity: lead (lead_id)
-- owner:  growth
--
-- A CTE in a CTE.
WITH c AS (
    WITH inner_counts AS (
        SELECT e.lead_id, e.as_of, e.event_type, COUNT(*) AS n
        FROM known.email_events AS e
        GROUP BY e.lead_id, e.as_of, e.event_type
    )
    SELECT i.lead_id, i.as_of, MAX(i.n) AS n
    FROM inner_counts AS i
    GROUP BY i.lead_id, i.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
