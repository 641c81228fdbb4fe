-- entity: lead (lead_id)
-- owner:  growth
--
-- All moments in one count.
WITH c AS (
    SELECT e.lead_id, MAX(e.as_of) AS as_of, COUNT(*) AS n
    FROM known.email_events AS e
    GROUP BY e.lead_id
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
-- expect: group_without_as_of
