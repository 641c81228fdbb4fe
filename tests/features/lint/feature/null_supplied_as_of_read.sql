-- entity: lead (lead_id)
-- owner:  growth
--
-- The as_of of a LEFT JOIN, read again.
SELECT
    spine.lead_id,
    spine.as_of,
    DATE_DIFF('day', MAX(e.occurred_at), MAX(e.as_of))
        AS n                                            -- a number
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
-- expect: null_supplied_as_of
