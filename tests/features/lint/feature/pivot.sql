-- entity: lead (lead_id)
-- owner:  growth
--
-- A pivot.
WITH c AS (
    SELECT p.lead_id, p.as_of, p.n
    FROM known.email_events PIVOT (COUNT(event_id) FOR event_type IN ('open' AS n)) AS p
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
-- expect: refused_construct
