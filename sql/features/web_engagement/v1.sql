-- entity: lead (lead_id)
-- owner:  growth
--
-- What the lead looked at on the web site in the 90 days before as_of. A session counts in a window if any of its pages does.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(DISTINCT w.session_id) FILTER (WHERE w.occurred_at >= spine.as_of - INTERVAL 7 DAY)
        AS sessions_7d,                                 -- sessions in the last 7 days
    COUNT(DISTINCT w.session_id) FILTER (WHERE w.occurred_at >= spine.as_of - INTERVAL 30 DAY)
        AS sessions_30d,                                -- sessions in the last 30 days
    COUNT(DISTINCT w.session_id)
        AS sessions_90d,                                -- sessions in the last 90 days
    COUNT(w.event_id) FILTER (WHERE w.page_type = 'pricing' AND w.occurred_at >= spine.as_of - INTERVAL 7 DAY)
        AS pricing_views_7d,                            -- pricing pages opened in the last 7 days
    COUNT(w.event_id) FILTER (WHERE w.page_type = 'pricing' AND w.occurred_at >= spine.as_of - INTERVAL 30 DAY)
        AS pricing_views_30d,                           -- pricing pages opened in the last 30 days
    COUNT(w.event_id) FILTER (WHERE w.page_type = 'docs' AND w.occurred_at >= spine.as_of - INTERVAL 30 DAY)
        AS docs_views_30d,                              -- documentation pages opened in the last 30 days
    CAST(COALESCE(SUM(w.dwell_s) FILTER (WHERE w.occurred_at >= spine.as_of - INTERVAL 30 DAY), 0) AS BIGINT)
        AS dwell_seconds_30d,                           -- seconds on pages opened in the last 30 days; unmeasured ones add 0
    DATE_DIFF('day', MAX(w.occurred_at), spine.as_of)
        AS days_since_last_visit                        -- midnights since the last page; NULL after 90 days
FROM spine
LEFT JOIN known.web_events AS w
    ON  w.lead_id = spine.lead_id
    AND w.as_of = spine.as_of
    AND w.occurred_at >= spine.as_of - INTERVAL 90 DAY
GROUP BY spine.lead_id, spine.as_of
