-- entity: lead (lead_id)
-- owner:  growth
--
-- A pattern may match twice.
SELECT
    spine.lead_id,
    spine.as_of,
    s.pattern
        AS n                                            -- a number
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
LEFT JOIN reference.student_domains AS s
    ON  l.email_domain LIKE s.pattern
-- expect: many_rows
