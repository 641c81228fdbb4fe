-- entity: lead (lead_id)
-- owner:  growth
--
-- now() und Gründe: ein Kommentar ist keine Abfrage.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(e.event_id) FILTER (WHERE e.campaign_id = 'today, now() and current_date')
        AS mails                                        -- not now(), not today, not staging.x
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
