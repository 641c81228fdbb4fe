-- entity: lead (lead_id)
-- owner:  growth
--
-- Those of no moment.
WITH c AS (
    SELECT e.lead_id, e.lead_id AS n
    FROM known.email_events AS e
    EXCEPT
    SELECT w.lead_id, w.lead_id AS n
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
-- expect: set_without_as_of
