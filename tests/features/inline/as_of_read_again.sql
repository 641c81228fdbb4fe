-- entity: lead (lead_id)
--
-- A relation whose as_of is read elsewhere too stays as it is.
SELECT
    spine.lead_id,
    spine.as_of,
    MAX(e.as_of) AS newest,                             -- the moment, where there is a mail
    COUNT(w.event_id) AS visits                         -- pages
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
    AND e.event_type = 'reply'
LEFT JOIN known.web_events AS w
    ON  w.lead_id = spine.lead_id
    AND w.as_of = spine.as_of
    AND w.page_type = 'docs'
GROUP BY spine.lead_id, spine.as_of
