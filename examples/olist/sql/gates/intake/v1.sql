-- entity: lead (lead_id)
-- owner:  growth
--
-- What is missing in a new lead. It flags and caps nothing: leads of unknown origin are won more often than others.
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(l.origin, 'unknown') = 'unknown'
        AS lacks_origin                                 -- flag: Origin not recorded
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
