-- entity: lead (lead_id)
-- owner:  growth
--
-- Of what?
SELECT
    spine.lead_id,
    spine.as_of,
    SUM(s.priority)
        AS n                                            -- a number
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
LEFT JOIN reference.seniority_words AS s
    ON  l.title LIKE s.word
GROUP BY spine.lead_id, spine.as_of
-- expect: unknown_type
