-- entity: lead (lead_id)
-- owner:  growth
--
-- Page views of three windows: counts, a sum, the last value and its age.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(w.event_id) FILTER (WHERE w.occurred_at >= spine.as_of - INTERVAL 7 DAY)
        AS views_7d,                                    -- page views in the last 7 days
    COUNT(w.event_id) FILTER (WHERE w.occurred_at >= spine.as_of - INTERVAL 30 DAY)
        AS views_30d,                                   -- page views in the last 30 days
    COUNT(w.event_id)
        AS views_90d,                                   -- page views in the last 90 days
    COUNT(w.event_id) FILTER (WHERE w.page_type = 'pricing' AND w.occurred_at >= spine.as_of - INTERVAL 7 DAY)
        AS pricing_7d,                                  -- of pricing pages in the last 7 days
    COUNT(w.event_id) FILTER (WHERE w.page_type = 'pricing' AND w.occurred_at >= spine.as_of - INTERVAL 30 DAY)
        AS pricing_30d,                                 -- of pricing pages in the last 30 days
    COUNT(w.event_id) FILTER (WHERE w.page_type = 'docs')
        AS docs_90d,                                    -- of documentation in the last 90 days
    CAST(COALESCE(SUM(w.dwell_s) FILTER (WHERE w.occurred_at >= spine.as_of - INTERVAL 30 DAY), 0) AS BIGINT)
        AS seconds_30d,                                 -- seconds on pages of the last 30 days
    ARG_MAX(w.page_type, (w.occurred_at, w.event_id))
        AS last_page_90d,                               -- the last page's type; NULL after 90 days
    DATE_DIFF('day', MAX(w.occurred_at), spine.as_of)
        AS age_of_last_view                             -- midnights since the last page; NULL after 90 days
FROM spine
LEFT JOIN known.web_events AS w
    ON  w.lead_id = spine.lead_id
    AND w.as_of = spine.as_of
    AND w.occurred_at >= spine.as_of - INTERVAL 90 DAY
GROUP BY spine.lead_id, spine.as_of
