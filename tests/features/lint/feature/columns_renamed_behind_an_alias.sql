-- entity: lead (lead_id)
-- owner:  growth
--
-- Other names.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(e.a)
        AS n                                            -- a number
FROM spine
LEFT JOIN known.email_events AS e (a, as_of, lead_id)
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
-- expect: refused_construct
