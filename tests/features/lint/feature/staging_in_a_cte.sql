-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
WITH opens AS (
    SELECT o.lead_id, COUNT(o.event_id) AS opens
    FROM staging.email_events AS o
    GROUP BY o.lead_id
)
SELECT
    spine.lead_id,
    spine.as_of,
    op.opens                                            -- mails
FROM spine
LEFT JOIN opens AS op
    ON  op.lead_id = spine.lead_id
-- expect: staging_in_view
