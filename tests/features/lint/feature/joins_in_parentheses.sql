-- entity: lead (lead_id)
-- owner:  growth
--
-- A join in parentheses.
WITH c AS (
    SELECT spine.lead_id, spine.as_of, COUNT(e.event_id) AS n
    FROM spine
    LEFT JOIN (known.email_events AS e JOIN known.leads AS l ON l.lead_id = e.lead_id AND l.as_of = e.as_of)
        ON  e.lead_id = spine.lead_id
        AND e.as_of = spine.as_of
    GROUP BY spine.lead_id, spine.as_of
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
