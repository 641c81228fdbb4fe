-- entity: lead (lead_id)
-- owner:  growth
--
-- Each aggregate, windows open and closed on either side, of hours and of none.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(w.event_id) FILTER (WHERE w.occurred_at >= spine.as_of - INTERVAL 7 DAY) AS closed,
    COUNT(w.event_id) FILTER (WHERE w.occurred_at > spine.as_of - INTERVAL 7 DAY) AS open,
    COUNT(w.dwell_s) FILTER (WHERE spine.as_of - INTERVAL 36 HOURS <= w.occurred_at) AS hours,
    COUNT(w.event_id) FILTER (
        WHERE w.occurred_at >= spine.as_of - INTERVAL 30 DAY AND w.occurred_at < (spine.as_of - INTERVAL 7 DAY)
    ) AS before,
    COUNT(w.event_id) FILTER (WHERE w.occurred_at <= spine.as_of - INTERVAL 1 WEEK) AS long_before,
    COUNT(DISTINCT w.session_id) AS sessions,
    COUNT(DISTINCT w.session_id) FILTER (WHERE w.occurred_at >= spine.as_of - INTERVAL 7 DAY) AS sessions_week,
    COUNT(DISTINCT w.session_id) FILTER (
        WHERE w.page_type = 'pricing' AND w.occurred_at < spine.as_of - INTERVAL 7 DAY
    ) AS sessions_before,
    COUNT(DISTINCT CAST(w.occurred_at AS DATE)) AS days,
    SUM(w.dwell_s) AS seconds,
    SUM(w.dwell_s) FILTER (WHERE w.occurred_at >= spine.as_of - INTERVAL 7 DAY AND COALESCE(w.dwell_s, 10) >= 7)
        AS seconds_week,
    MIN(w.dwell_s) AS shortest,
    MAX(w.dwell_s) FILTER (WHERE w.occurred_at < spine.as_of - INTERVAL 7 DAY) AS longest_before,
    MIN(w.occurred_at) AS first_at,
    MAX(w.occurred_at) FILTER (WHERE w.page_type IN ('pricing', 'docs')) AS last_at,
    MAX(w.occurred_at) FILTER (WHERE w.occurred_at < spine.as_of - INTERVAL 7 DAY) AS last_before,
    ARG_MAX(w.page_type, (w.occurred_at, w.event_id)) AS last_type,
    ARG_MAX_NULL(w.page_type, (w.occurred_at, w.ingested_at, w.event_id)) AS last_type_or_null,
    ARG_MAX(w.session_id, (w.occurred_at, w.event_id)) FILTER (WHERE w.occurred_at >= spine.as_of - INTERVAL 7 DAY)
        AS last_session,
    CASE
        WHEN COUNT(w.event_id) > 3 AND NOT (MAX(w.dwell_s) IS NULL) THEN ROUND(SUM(w.dwell_s) / COUNT(w.event_id), 2)
        ELSE -1
    END AS mean,
    DATE_DIFF('day', MAX(w.occurred_at), spine.as_of) AS age,
    '{0} it''s' AS braces
FROM spine
LEFT JOIN known.web_events AS w
    ON  w.lead_id = spine.lead_id
    AND w.as_of = spine.as_of
    AND w.occurred_at >= spine.as_of - INTERVAL 90 DAY
GROUP BY spine.lead_id, spine.as_of
