-- entity: lead (lead_id)
-- owner:  growth
-- waive:  join_without_as_of because mails are counted over all moments on purpose
--
-- A waiver with its reason.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(e.event_id) AS n                              -- mails
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
GROUP BY spine.lead_id, spine.as_of
