-- entity: lead (lead_id)
-- owner:  growth
--
-- What kinds of forms the lead sent: 90 days before as_of, and 180 for downloads, which come far apart.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(f.submission_id) FILTER (WHERE f.form_type = 'webinar' AND f.occurred_at >= spine.as_of - INTERVAL 90 DAY)
        AS webinars_90d,                                -- webinar forms in the last 90 days
    COUNT(f.submission_id) FILTER (WHERE f.form_type = 'contact' AND f.occurred_at >= spine.as_of - INTERVAL 90 DAY)
        AS contact_requests_90d,                        -- contact forms in the last 90 days
    COUNT(f.submission_id) FILTER (WHERE f.form_type = 'newsletter' AND f.occurred_at >= spine.as_of - INTERVAL 90 DAY)
        AS newsletters_90d,                             -- newsletter forms in the last 90 days
    COUNT(DISTINCT f.form_type) FILTER (WHERE f.occurred_at >= spine.as_of - INTERVAL 90 DAY)
        AS form_types_90d,                              -- different types of form in the last 90 days
    ARG_MAX(f.employees_stated, (f.occurred_at, f.submission_id)) FILTER (WHERE f.occurred_at >= spine.as_of - INTERVAL 90 DAY)
        AS employees_stated_90d,                        -- head count as last stated in 90 days; NULL where it was not
    COUNT(f.submission_id) FILTER (WHERE f.form_type = 'download')
        AS downloads_180d,                              -- download forms in the last 180 days
    DATE_DIFF('day', MIN(f.occurred_at) FILTER (WHERE f.form_type = 'download'), MAX(f.occurred_at) FILTER (WHERE f.form_type = 'download'))
        AS download_span_days_180d                      -- midnights from the first to the last download in 180 days; NULL without one
FROM spine
LEFT JOIN known.form_submissions AS f
    ON  f.lead_id = spine.lead_id
    AND f.as_of = spine.as_of
    AND f.occurred_at >= spine.as_of - INTERVAL 180 DAY
GROUP BY spine.lead_id, spine.as_of
