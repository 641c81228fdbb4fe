-- entity: lead (lead_id)
-- owner:  growth
--
-- A set without as_of.
WITH c AS (
    SELECT e.lead_id, e.event_type AS n
    FROM known.email_events AS e
    UNION
    SELECT w.lead_id, w.event_type
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
