-- entity: lead (lead_id)
-- owner:  growth
--
-- How deep the lead looked, in the 90 days before as_of. Brief is what was measured and took less than 10 seconds: a
-- page opened by curiosity. A page without a measured time is not brief.
WITH visits AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        w.session_id,
        COUNT(w.event_id) AS pages,
        COUNT(w.dwell_s) AS measured,
        SUM(w.dwell_s) AS seconds
    FROM spine
    JOIN known.web_events AS w
        ON  w.lead_id = spine.lead_id
        AND w.as_of = spine.as_of
        AND w.session_id IS NOT NULL
        AND w.occurred_at >= spine.as_of - INTERVAL 90 DAY
    GROUP BY spine.lead_id, spine.as_of, w.session_id
),
brief AS (
    SELECT
        vi.lead_id,
        vi.as_of,
        COUNT(vi.session_id) FILTER (WHERE vi.measured = vi.pages AND vi.seconds < 10) AS visits
    FROM visits AS vi
    GROUP BY vi.lead_id, vi.as_of
),
pages AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        COUNT(DISTINCT CAST(w.occurred_at AS DATE)) FILTER (WHERE w.occurred_at >= spine.as_of - INTERVAL 30 DAY) AS days,
        COUNT(w.event_id) FILTER (WHERE w.session_id IS NOT NULL) AS in_sessions,
        COUNT(DISTINCT w.session_id) AS sessions,
        COUNT(DISTINCT w.session_id) FILTER (WHERE w.page_type = 'pricing') AS pricing_sessions,
        CAST(SUM(w.dwell_s) FILTER (WHERE w.page_type = 'pricing') AS BIGINT) AS pricing_seconds,
        COUNT(w.event_id) FILTER (WHERE w.page_type = 'pricing' AND w.dwell_s < 10) AS brief_pricing,
        CAST(SUM(w.dwell_s) FILTER (WHERE w.page_type IN ('roi_calculator', 'comparison', 'implementation')) AS BIGINT)
            AS evaluation_seconds,
        CAST(SUM(w.dwell_s) FILTER (WHERE w.page_type = 'roi_calculator') AS BIGINT) AS calculator_seconds
    FROM spine
    LEFT JOIN known.web_events AS w
        ON  w.lead_id = spine.lead_id
        AND w.as_of = spine.as_of
        AND w.occurred_at >= spine.as_of - INTERVAL 90 DAY
    GROUP BY spine.lead_id, spine.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(pa.days, 0)
        AS visit_days_30d,                              -- days with a page view in the last 30 days
    ROUND(pa.in_sessions / NULLIF(pa.sessions, 0), 2)
        AS pages_per_session_90d,                       -- page views to a session in the last 90 days; NULL without one
    COALESCE(pa.pricing_sessions, 0)
        AS pricing_sessions_90d,                        -- sessions that opened a pricing page in the last 90 days
    COALESCE(pa.pricing_seconds, 0)
        AS pricing_seconds_90d,                         -- seconds on pricing pages in the last 90 days; unmeasured ones add 0
    COALESCE(pa.brief_pricing, 0)
        AS brief_pricing_views_90d,                     -- pricing pages left within 10 seconds in the last 90 days
    COALESCE(pa.evaluation_seconds, 0)
        AS evaluation_seconds_90d,                      -- seconds on calculator, comparison and implementation pages in the last 90 days
    COALESCE(pa.calculator_seconds, 0)
        AS roi_calculator_seconds_90d,                  -- seconds in the ROI calculator in the last 90 days
    COALESCE(br.visits, 0)
        AS brief_sessions_90d                           -- sessions of less than 10 seconds in all in the last 90 days
FROM spine
LEFT JOIN pages AS pa
    ON  pa.lead_id = spine.lead_id
    AND pa.as_of = spine.as_of
LEFT JOIN brief AS br
    ON  br.lead_id = spine.lead_id
    AND br.as_of = spine.as_of
