-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
WITH c(lead_id, as_of, b) AS (
    SELECT w.lead_id AS q, w.as_of - INTERVAL 30 DAY AS q, w.as_of
    FROM known.web_events AS w
)
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(c.lead_id) AS n                                     -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
-- expect: column_twice
