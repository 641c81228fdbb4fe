-- entity: lead (lead_id)
-- owner:  growth
--
-- The moment may be NULL.
SELECT
    spine.lead_id,
    l.as_of,
    l.country AS country                                -- two letters
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
-- expect: null_supplied_as_of
-- expect: as_of_lost
