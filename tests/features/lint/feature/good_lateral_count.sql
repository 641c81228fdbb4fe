-- entity: lead (lead_id)
-- owner:  growth
--
-- Pages, counted beside the row.
SELECT
    spine.lead_id,
    spine.as_of,
    k.n
        AS n                                            -- a number
FROM spine
LEFT JOIN LATERAL (
    SELECT COUNT(*) FILTER (WHERE w.occurred_at >= spine.as_of - INTERVAL 30 DAY) AS n
    FROM known.web_events AS w
    WHERE w.lead_id = spine.lead_id AND w.as_of = spine.as_of
) AS k ON TRUE
