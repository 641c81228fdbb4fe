-- entity: lead (lead_id)
--
-- Only one of two relations can take its bounds from the other.
SELECT
    spine.lead_id,
    spine.as_of,
    EXISTS (
        SELECT 1
        FROM known.web_events AS w
        JOIN known.email_events AS e
            ON  e.lead_id = w.lead_id
            AND e.as_of = w.as_of
        WHERE w.lead_id = spine.lead_id AND w.as_of = spine.as_of
    ) AS has_both,                                      -- pages and mails
    COALESCE(b.n, 0) AS both_ever                       -- pairs of them
FROM spine
LEFT JOIN (
    SELECT w.lead_id, w.as_of, COUNT(*) AS n
    FROM known.web_events AS w
    JOIN known.email_events AS e
        ON  e.lead_id = w.lead_id
        AND e.as_of = w.as_of
        AND e.event_type = 'reply'
    GROUP BY w.lead_id, w.as_of
) AS b
    ON  b.lead_id = spine.lead_id
    AND b.as_of = spine.as_of
