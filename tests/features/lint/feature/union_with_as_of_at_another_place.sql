-- entity: lead (lead_id)
-- owner:  growth
--
-- as_of stands elsewhere in the second part.
WITH c AS (
    SELECT e.lead_id, e.as_of, e.occurred_at AS n
    FROM known.email_events AS e
    UNION ALL
    SELECT w.lead_id, w.occurred_at, w.as_of
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
