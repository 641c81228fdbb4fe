-- entity: lead (lead_id)
-- owner:  growth
--
-- Leads times their pages.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(la.lead_id) + COUNT(w.event_id)
        AS n                                            -- a number
FROM spine
LEFT JOIN known.contacts AS la
    ON  la.lead_id = spine.lead_id
    AND la.as_of = spine.as_of
LEFT JOIN known.email_events AS w
    ON  w.email = la.email
    AND w.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
-- expect: two_facts
