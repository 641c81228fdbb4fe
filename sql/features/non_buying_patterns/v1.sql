-- entity: lead (lead_id)
-- owner:  growth
--
-- Five patterns of a lead that is not about to buy, each with a strength from 0 to 1. A pattern holds from a strength of 0.5
-- on. The figures behind it stand beside it, or in surge@v1, web_depth@v1, form_depth@v1 and account_activity@v1. Domains and
-- title phrases are the lists that the gate icp reads.
WITH pages AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        COUNT(w.event_id) FILTER (WHERE cs.stage = 'educational') AS early,
        COUNT(w.event_id) FILTER (WHERE cs.stage IN ('evaluation', 'implementation') AND COALESCE(w.dwell_s, 10) >= 10) AS late,
        COUNT(w.event_id) FILTER (WHERE w.page_type = 'pricing') AS pricing,
        COUNT(w.event_id) FILTER (WHERE w.page_type = 'pricing' AND w.dwell_s < 10) AS brief_pricing,
        COUNT(w.event_id) FILTER (WHERE w.page_type = 'careers') AS careers
    FROM spine
    JOIN known.web_events AS w
        ON  w.lead_id = spine.lead_id
        AND w.as_of = spine.as_of
        AND w.occurred_at >= spine.as_of - INTERVAL 90 DAY
    LEFT JOIN reference.content_stages AS cs
        ON  cs.page_type = w.page_type
    GROUP BY spine.lead_id, spine.as_of
),
titles AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        COUNT(t.phrase) AS phrases
    FROM spine
    JOIN known.leads AS l
        ON  l.lead_id = spine.lead_id
        AND l.as_of = spine.as_of
    JOIN reference.disqualifying_titles AS t
        ON  CONTAINS(' ' || REGEXP_REPLACE(LOWER(l.title), '[^\p{L}\p{N}]+', ' ', 'g') || ' ', ' ' || t.phrase || ' ')
    GROUP BY spine.lead_id, spine.as_of
),
figures AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        su.touch_days_180d AS days,
        su.touch_span_days_180d AS span,
        su.touch_days_30d AS recent_days,
        COALESCE(pa.early, 0) + fd.webinars_90d + fd.newsletters_90d AS early,
        COALESCE(pa.late, 0) + fd.contact_requests_90d AS late,
        aa.known_people AS people,
        aa.engaged_people_30d AS engaged,
        CASE
            WHEN lp.email_kind = 'student' OR cd.domain IS NOT NULL OR ti.phrases > 0 THEN 1
            ELSE LEAST(COALESCE(pa.careers, 0) / 4, 1)
        END AS disqualifier,
        COALESCE(pa.careers, 0) AS careers,
        wd.brief_sessions_90d AS brief_sessions,
        we.sessions_90d AS sessions,
        COALESCE(pa.pricing, 0) AS pricing,
        COALESCE(pa.brief_pricing, 0) AS brief_pricing
    FROM spine
    LEFT JOIN features.surge__v1 AS su
        ON  su.lead_id = spine.lead_id
        AND su.as_of = spine.as_of
    LEFT JOIN features.form_depth__v1 AS fd
        ON  fd.lead_id = spine.lead_id
        AND fd.as_of = spine.as_of
    LEFT JOIN features.web_depth__v1 AS wd
        ON  wd.lead_id = spine.lead_id
        AND wd.as_of = spine.as_of
    LEFT JOIN features.web_engagement__v1 AS we
        ON  we.lead_id = spine.lead_id
        AND we.as_of = spine.as_of
    LEFT JOIN features.lead_profile__v1 AS lp
        ON  lp.lead_id = spine.lead_id
        AND lp.as_of = spine.as_of
    LEFT JOIN known.leads AS l
        ON  l.lead_id = spine.lead_id
        AND l.as_of = spine.as_of
    LEFT JOIN reference.competitor_domains AS cd
        ON  cd.domain = l.email_domain
    LEFT JOIN pages AS pa
        ON  pa.lead_id = spine.lead_id
        AND pa.as_of = spine.as_of
    LEFT JOIN titles AS ti
        ON  ti.lead_id = spine.lead_id
        AND ti.as_of = spine.as_of
    LEFT JOIN links.lead_account__v1 AS la
        ON  la.lead_id = spine.lead_id
        AND la.as_of = spine.as_of
    LEFT JOIN features.account_activity__v1 AS aa
        ON  aa.account_id = la.account_id
        AND aa.as_of = spine.as_of
),
strengths AS (
    SELECT
        fi.lead_id,
        fi.as_of,
        fi.early,
        fi.late,
        fi.disqualifier,
        fi.careers,
        CASE
            WHEN fi.days IS NULL THEN NULL
            WHEN fi.days >= 2 AND fi.span >= 60 THEN ROUND(LEAST(fi.span / (fi.days - 1) / 28, 1), 2)
            ELSE 0
        END AS sporadic,
        CASE
            WHEN fi.early IS NULL OR fi.late IS NULL THEN NULL
            WHEN fi.late = 0 AND fi.early > 0 THEN ROUND(LEAST(0.25 + fi.early / 4, 1), 2)
            ELSE 0
        END AS top_of_funnel,
        CASE
            WHEN fi.engaged IS NULL OR fi.recent_days IS NULL THEN NULL
            WHEN fi.recent_days = 0 OR fi.engaged > 1 THEN 0
            WHEN fi.people > 1 THEN 1
            ELSE CAST(0.5 AS DOUBLE)
        END AS isolation,
        CASE
            WHEN fi.sessions IS NULL OR fi.brief_sessions IS NULL THEN NULL
            ELSE ROUND(
                GREATEST(
                    CASE WHEN fi.sessions >= 2 THEN fi.brief_sessions / fi.sessions ELSE 0 END,
                    CASE WHEN fi.pricing >= 1 THEN fi.brief_pricing / fi.pricing ELSE 0 END
                ),
                2
            )
        END AS brevity
    FROM figures AS fi
)
SELECT
    spine.lead_id,
    spine.as_of,
    st.sporadic >= 0.5
        AS is_sporadic,                                 -- TRUE if touches are spread over 60 days or more, with two weeks between days of activity
    st.sporadic AS sporadic_strength,                   -- 0 to 1: days between days of activity in 180 days, full from four weeks on
    st.top_of_funnel >= 0.5
        AS is_top_of_funnel,                            -- TRUE if the lead learns and does not evaluate
    st.top_of_funnel AS top_of_funnel_strength,         -- 0 to 1: more with each educational page, webinar and newsletter; 0 once it evaluates
    st.early AS early_signs_90d,                        -- educational pages, webinars and newsletters in the last 90 days
    st.late AS late_signs_90d,                          -- evaluation and implementation pages read for 10 seconds or more, and contact forms, in the last 90 days
    st.isolation >= 0.5
        AS is_isolated,                                 -- TRUE if the lead is active and nobody else of its company is; NULL without a company
    st.isolation AS isolation_strength,                 -- 1 if colleagues are known and silent, 0.5 if none is known, else 0; NULL without a company
    st.disqualifier >= 0.5
        AS has_disqualifier,                            -- TRUE for students, competitors and job seekers, by address, title or two looks at job pages
    ROUND(st.disqualifier, 2)
        AS disqualifier_strength,                       -- 1 by address or title, else a quarter for each look at a job page in 90 days
    st.careers AS careers_views_90d,                    -- job pages opened in the last 90 days
    st.brevity >= 0.5
        AS is_brief,                                    -- TRUE if half of the sessions or of the pricing pages took less than 10 seconds
    st.brevity AS brief_share_90d                       -- 0 to 1: share of brief sessions (of two at least) or of brief pricing pages, the larger, in 90 days
FROM spine
LEFT JOIN strengths AS st
    ON  st.lead_id = spine.lead_id
    AND st.as_of = spine.as_of
