-- entity: lead (lead_id)
-- owner:  growth
--
-- A row an element.
SELECT
    spine.lead_id,
    spine.as_of,
    UNNEST(STRING_SPLIT(l.title, ' '))
        AS n                                            -- a number
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
-- expect: many_rows
