-- entity: lead (lead_id)
-- owner:  growth
--
-- Forms the lead sent in the 90 days before as_of, and what it stated in them.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(f.submission_id) FILTER (WHERE f.form_type = 'demo_request' AND f.occurred_at >= spine.as_of - INTERVAL 30 DAY)
        AS demo_requests_30d,                           -- demo requests in the last 30 days
    COUNT(f.submission_id)
        AS forms_90d,                                   -- forms of any type in the last 90 days
    COUNT(f.submission_id) FILTER (WHERE f.form_type = 'download')
        AS downloads_90d,                               -- download forms in the last 90 days
    DATE_DIFF('day', MAX(f.occurred_at), spine.as_of)
        AS days_since_last_form,                        -- midnights since the last form; NULL after 90 days
    COALESCE(BOOL_OR(f.budget_stated), FALSE)
        AS budget_stated                                -- TRUE if a form of the last 90 days says there is a budget
FROM spine
LEFT JOIN known.form_submissions AS f
    ON  f.lead_id = spine.lead_id
    AND f.as_of = spine.as_of
    AND f.occurred_at >= spine.as_of - INTERVAL 90 DAY
GROUP BY spine.lead_id, spine.as_of
