-- entity: lead (lead_id)
-- owner:  growth
--
-- The key may be NULL.
SELECT
    l.lead_id,
    spine.as_of,
    l.country AS country                                -- two letters
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
-- expect: key_lost
