-- entity: lead (lead_id)
-- owner:  growth
--
-- Mails times pages.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(e.event_id) + COUNT(w.event_id)
        AS n                                            -- a number
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
LEFT JOIN known.web_events AS w
    ON  w.lead_id = spine.lead_id
    AND w.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
-- expect: two_facts
