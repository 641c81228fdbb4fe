-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
WITH c AS (
    SELECT w.lead_id, w.as_of, COUNT(*), MAX(w.dwell_s)
    FROM known.web_events AS w
    GROUP BY w.lead_id, w.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.lead_id AS n                                      -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
-- expect: column_without_name
