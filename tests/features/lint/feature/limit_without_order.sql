-- entity: lead (lead_id)
-- owner:  growth
--
-- Any of them.
SELECT
    spine.lead_id,
    spine.as_of,
    k.n
        AS n                                            -- a number
FROM spine
LEFT JOIN LATERAL (
    SELECT w.page_type AS n
    FROM known.web_events AS w
    WHERE w.lead_id = spine.lead_id AND w.as_of = spine.as_of
    LIMIT 1
) AS k ON TRUE
-- expect: unordered
