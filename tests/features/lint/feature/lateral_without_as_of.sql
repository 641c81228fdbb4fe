-- entity: lead (lead_id)
-- owner:  growth
--
-- A LATERAL over all moments.
SELECT
    spine.lead_id,
    spine.as_of,
    k.n
        AS n                                            -- a number
FROM spine
LEFT JOIN LATERAL (
    SELECT COUNT(*) AS n
    FROM known.web_events AS w
    WHERE w.lead_id = spine.lead_id
) AS k ON TRUE
-- expect: join_without_as_of
