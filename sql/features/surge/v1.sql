-- entity: lead (lead_id)
-- owner:  growth
--
-- How the lead's activity is spread over time. A touch is a page view, a form, or a click or reply to a mail; an open may
-- be a machine's. Surge compares the last 7 days with the 30 days before them: 12 touches after 2 are a surge of 6.
WITH touches AS (                                       -- LEFT JOIN: so no longer window decides on a shorter one's rows
    SELECT
        spine.lead_id,
        spine.as_of,
        w.occurred_at
    FROM spine
    LEFT JOIN known.web_events AS w
        ON  w.lead_id = spine.lead_id
        AND w.as_of = spine.as_of
        AND w.occurred_at >= spine.as_of - INTERVAL 180 DAY
    UNION ALL
    SELECT
        spine.lead_id,
        spine.as_of,
        f.occurred_at
    FROM spine
    LEFT JOIN known.form_submissions AS f
        ON  f.lead_id = spine.lead_id
        AND f.as_of = spine.as_of
        AND f.occurred_at >= spine.as_of - INTERVAL 180 DAY
    UNION ALL
    SELECT
        spine.lead_id,
        spine.as_of,
        e.occurred_at
    FROM spine
    LEFT JOIN known.email_events AS e
        ON  e.lead_id = spine.lead_id
        AND e.as_of = spine.as_of
        AND e.event_type IN ('click', 'reply')
        AND e.occurred_at >= spine.as_of - INTERVAL 180 DAY
),
counts AS (
    SELECT
        t.lead_id,
        t.as_of,
        COUNT(t.occurred_at) FILTER (WHERE t.occurred_at >= t.as_of - INTERVAL 7 DAY) AS week,
        COUNT(t.occurred_at) FILTER (WHERE t.occurred_at >= t.as_of - INTERVAL 37 DAY) AS week_and_month,
        COUNT(DISTINCT CAST(t.occurred_at AS DATE)) FILTER (WHERE t.occurred_at >= t.as_of - INTERVAL 30 DAY) AS days_30,
        COUNT(t.occurred_at) AS touches,
        COUNT(DISTINCT CAST(t.occurred_at AS DATE)) AS days,
        DATE_DIFF('day', MIN(t.occurred_at), MAX(t.occurred_at)) AS span
    FROM touches AS t
    GROUP BY t.lead_id, t.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(c.week, 0)
        AS touches_7d,                                  -- touches in the last 7 days
    COALESCE(c.week_and_month - c.week, 0)
        AS touches_month_before,                        -- touches in the 30 days before those
    ROUND(COALESCE(c.week, 0) / GREATEST(COALESCE(c.week_and_month - c.week, 0), 1), 2)
        AS surge_ratio,                                 -- touches of the last 7 days to one of the 30 days before, which count as one at least
    COALESCE(c.days_30, 0)
        AS touch_days_30d,                              -- days with a touch in the last 30 days
    COALESCE(c.touches, 0)
        AS touches_180d,                                -- touches in the last 180 days
    COALESCE(c.days, 0)
        AS touch_days_180d,                             -- days with a touch in the last 180 days
    c.span AS touch_span_days_180d                      -- midnights from the first to the last touch in 180 days; NULL without one
FROM spine
LEFT JOIN counts AS c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
