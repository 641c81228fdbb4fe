-- entity: lead (lead_id)
-- owner:  growth
--
-- Leads that never clicked.
WITH c AS (
    SELECT l.lead_id, l.as_of, TRUE AS n
    FROM known.leads AS l
    LEFT JOIN known.email_events AS e
        ON  e.lead_id = l.lead_id
        AND e.as_of = l.as_of
        AND e.event_type = 'click'
    WHERE e.event_id IS NULL
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
