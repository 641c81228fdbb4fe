-- entity: lead (lead_id)
-- owner:  growth
--
-- As they come.
WITH c AS (
    SELECT e.lead_id, e.as_of, ROW_NUMBER() OVER (PARTITION BY e.lead_id, e.as_of) AS n
    FROM known.email_events AS e
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
