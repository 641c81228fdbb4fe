-- entity: lead (lead_id)
-- owner:  growth
--
-- The newest, by its stamp alone.
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
    ORDER BY w.occurred_at DESC
    LIMIT 1
) AS k ON TRUE
-- expect: order_without_key
