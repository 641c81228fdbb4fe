-- entity: lead (lead_id)
-- owner:  growth
--
-- One row for all moments.
WITH c AS (
    SELECT DISTINCT e.lead_id, e.event_type AS n
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
-- expect: distinct_without_as_of
