-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
WITH opens AS (
    SELECT spine.lead_id, spine.as_of, COUNT(e.event_id) AS opens
    FROM spine
    JOIN known.email_events AS e
        ON  e.lead_id = spine.lead_id
        AND e.as_of = spine.as_of
        AND e.event_type = 'open'
    GROUP BY spine.lead_id, spine.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(op.opens, 0) AS opens                      -- mails opened
FROM spine
LEFT JOIN opens AS op
    ON  op.lead_id = spine.lead_id
    AND op.as_of = spine.as_of
