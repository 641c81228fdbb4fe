-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
WITH c AS (
    SELECT a.lead_id, a.as_of, COUNT(*) AS n
    FROM ((SELECT l.lead_id, l.as_of FROM known.leads AS l) AS a
        JOIN known.web_events AS b ON b.lead_id = a.lead_id) AS a
    GROUP BY a.lead_id, a.as_of
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
