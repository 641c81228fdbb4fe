-- entity: lead (lead_id)
-- owner:  growth
--
-- One row for all moments.
WITH c AS (
    SELECT DISTINCT ON (e.lead_id) e.lead_id, e.as_of, e.event_type AS n
    FROM known.email_events AS e
    ORDER BY e.lead_id, e.occurred_at, e.event_id
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
