-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(e.event_id) AS emails                         -- mails of all time
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead
    AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
-- expect: unknown_column @11:21
