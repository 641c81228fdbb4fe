-- entity: lead (lead_id)
-- owner:  growth
--
-- A rank over everyone known.
SELECT
    spine.lead_id,
    spine.as_of,
    c.n
        AS n                                            -- a number
FROM spine
LEFT JOIN (
    SELECT e.lead_id, e.as_of, COUNT(*) AS n
    FROM known.email_events AS e
    GROUP BY e.lead_id, e.as_of
) AS c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
