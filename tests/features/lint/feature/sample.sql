-- entity: lead (lead_id)
-- owner:  growth
--
-- A sample.
WITH c AS (
    SELECT e.lead_id, e.as_of, e.event_id AS n
    FROM known.email_events AS e USING SAMPLE 10%
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
