-- entity: lead (lead_id)
-- owner:  growth
--
-- Another column by the name of as_of.
WITH c AS (
    SELECT e.lead_id, e.occurred_at AS as_of, e.event_type AS n
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
-- expect: as_of_lost
