-- entity: lead (lead_id)
-- owner:  growth
--
-- A POSITIONAL JOIN.
WITH c AS (
    SELECT spine.lead_id, spine.as_of, 1 AS n
    FROM spine
    POSITIONAL JOIN known.email_events AS e
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
