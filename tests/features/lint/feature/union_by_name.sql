-- entity: lead (lead_id)
-- owner:  growth
--
-- By name.
WITH c AS (
    SELECT e.lead_id, e.as_of, 1 AS n
    FROM known.email_events AS e
    UNION ALL BY NAME
    SELECT w.as_of, w.lead_id, 2 AS n
    FROM known.web_events AS w
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
-- expect: set_without_as_of
