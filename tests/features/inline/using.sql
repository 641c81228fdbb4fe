-- entity: lead (lead_id)
--
-- USING is no equality that could be bounded: it stays.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(e.event_id) AS mails                          -- mails
FROM spine
LEFT JOIN known.email_events AS e USING (lead_id, as_of)
GROUP BY spine.lead_id, spine.as_of
