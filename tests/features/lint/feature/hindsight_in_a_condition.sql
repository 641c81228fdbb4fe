-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
WITH c AS (
    SELECT l.lead_id, l.as_of, COUNT(*) AS n
    FROM known.leads AS l
    WHERE EXISTS (
        SELECT 1
        FROM known.lead_feedback AS f
        WHERE f.lead_id = l.lead_id AND f.as_of = l.as_of AND f.kind = 'accepted'
    )
    GROUP BY l.lead_id, l.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
-- expect: hindsight_column
-- expect: hindsight_column
