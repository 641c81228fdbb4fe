-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(e.event_id) FILTER (WHERE e.url <> CAST(random() AS VARCHAR))
        AS emails                                       -- mails, sometimes
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
-- expect: moving_function @8:51
