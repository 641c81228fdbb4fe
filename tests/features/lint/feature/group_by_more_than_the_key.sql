-- entity: lead (lead_id)
-- owner:  growth
--
-- One row a type.
SELECT
    spine.lead_id,
    spine.as_of,
    e.event_type
        AS n                                            -- a number
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of, e.event_type
-- expect: many_rows
