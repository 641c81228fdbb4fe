-- entity: lead (lead_id)
-- owner:  growth
--
-- The second is tied, the first is not.
SELECT
    spine.lead_id,
    spine.as_of,
    EXISTS (
        SELECT 1
        FROM known.web_events AS w
        JOIN known.email_events AS e
            ON  e.lead_id = w.lead_id
            AND e.as_of = spine.as_of
        WHERE w.lead_id = spine.lead_id
    )
        AS n                                            -- a number
FROM spine
-- expect: join_without_as_of
