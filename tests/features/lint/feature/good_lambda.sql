-- entity: lead (lead_id)
-- owner:  growth
--
-- Words of a title.
SELECT
    spine.lead_id,
    spine.as_of,
    LEN(LIST_FILTER(STRING_SPLIT(l.title, ' '), lambda w: LENGTH(w) > 3))
        AS n                                            -- a number
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
