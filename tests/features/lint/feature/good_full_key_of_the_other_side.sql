-- entity: lead (lead_id)
-- owner:  growth
--
-- A form, and the lead who sent it: no second fact.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(f.submission_id) FILTER (WHERE l.country = 'DE')
        AS n                                            -- a number
FROM spine
LEFT JOIN known.form_submissions AS f
    ON  f.lead_id = spine.lead_id
    AND f.as_of = spine.as_of
LEFT JOIN known.leads AS l
    ON  l.lead_id = f.lead_id
    AND l.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
