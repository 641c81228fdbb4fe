-- entity: lead (lead_id)
-- owner:  growth
--
-- Where and on which day of the week the lead came in: all that was written down at first contact.
SELECT
    spine.lead_id,
    spine.as_of,
    l.origin AS origin,                                 -- channel, as recorded at first contact; 'unknown' is one of them; NULL where empty
    l.landing_page_id AS landing_page_id,               -- page where the lead gave its address
    DAYNAME(l.occurred_at) AS contact_weekday           -- day of the week of first contact; NULL where the lead is not known
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
