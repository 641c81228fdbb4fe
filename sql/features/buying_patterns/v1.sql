-- entity: lead (lead_id)
-- owner:  growth
--
-- Five patterns of a lead that is about to buy, each with a strength from 0 to 1. A pattern holds from a strength of 0.5 on.
-- The figures behind it stand beside it, or in surge@v1 and account_activity@v1. A page left within 10 seconds is no sign of
-- anything.
WITH pages AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        COUNT(w.event_id) FILTER (WHERE w.page_type = 'comparison') AS comparison,
        COUNT(w.event_id) FILTER (WHERE w.page_type IN ('implementation', 'docs')) AS implementation,
        COUNT(w.event_id) FILTER (WHERE w.page_type = 'pricing') AS pricing,
        COUNT(w.event_id) FILTER (WHERE w.page_type = 'roi_calculator') AS calculator,
        MIN(w.occurred_at) FILTER (WHERE w.page_type IN ('implementation', 'docs')) AS implementation_at,
        MAX(w.occurred_at) FILTER (WHERE w.page_type = 'pricing') AS pricing_at
    FROM spine
    JOIN known.web_events AS w
        ON  w.lead_id = spine.lead_id
        AND w.as_of = spine.as_of
        AND w.occurred_at >= spine.as_of - INTERVAL 90 DAY
        AND COALESCE(w.dwell_s, 10) >= 10
    GROUP BY spine.lead_id, spine.as_of
),
figures AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        su.touches_7d AS burst_touches,
        su.touches_month_before AS touches_before,
        COALESCE(pa.pricing, 0) AS pricing,
        COALESCE(pa.comparison, 0) AS comparison,
        COALESCE(pa.implementation, 0) AS implementation,
        CASE WHEN pa.pricing > 0 THEN 1 ELSE 0 END
            + CASE WHEN pa.calculator > 0 THEN 1 ELSE 0 END
            + CASE WHEN pa.implementation > 0 THEN 1 ELSE 0 END
            + CASE WHEN pa.pricing_at > pa.implementation_at THEN 1 ELSE 0 END AS steps,
        COALESCE(aa.engaged_people_30d, 0) AS people
    FROM spine
    LEFT JOIN features.surge__v1 AS su
        ON  su.lead_id = spine.lead_id
        AND su.as_of = spine.as_of
    LEFT JOIN pages AS pa
        ON  pa.lead_id = spine.lead_id
        AND pa.as_of = spine.as_of
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
        fi.pricing,
        fi.comparison,
        fi.implementation,
        ROUND(LEAST(fi.burst_touches / 6, 1) * LEAST(fi.burst_touches / (6 * GREATEST(fi.touches_before, 1)), 1), 2) AS concentration,
        ROUND(fi.steps / 4, 2) AS progression,
        ROUND(LEAST(GREATEST(fi.people - 1, 0) / 2, 1), 2) AS stakeholders,
        ROUND(LEAST(fi.comparison / 2, 1), 2) AS research,
        ROUND(LEAST(fi.implementation / 4, 1), 2) AS planning
    FROM figures AS fi
)
SELECT
    spine.lead_id,
    spine.as_of,
    st.concentration >= 0.5
        AS is_concentrated,                             -- TRUE for a burst: five touches or more in 7 days, and three times those of the month before
    st.concentration AS concentration_strength,         -- 0 to 1: full from 6 touches, and from 6 times those of the month before
    st.progression >= 0.5
        AS is_at_bottom_of_funnel,                      -- TRUE with two of four: pricing, calculator, implementation, pricing after implementation
    st.progression AS bottom_of_funnel_strength,        -- 0 to 1: a quarter for each of the four, in 90 days
    st.pricing AS read_pricing_views_90d,               -- pricing pages read for 10 seconds or more in the last 90 days
    st.stakeholders >= 0.5
        AS has_several_stakeholders,                    -- TRUE if two people of the company are active
    st.stakeholders AS stakeholder_strength,            -- 0 to 1: a half for the second active person of the company, full from the third on
    st.research >= 0.5
        AS is_comparing,                                -- TRUE if a comparison page was read
    st.research AS comparison_strength,                 -- 0 to 1: a half for a comparison page, full from the second on
    st.comparison AS comparison_views_90d,              -- comparison pages read for 10 seconds or more in the last 90 days
    st.planning >= 0.5
        AS is_planning_implementation,                  -- TRUE if two pages on implementation, integration, security or documentation were read
    st.planning AS implementation_strength,             -- 0 to 1: a quarter for each such page
    st.implementation AS read_implementation_views_90d  -- such pages read for 10 seconds or more in the last 90 days
FROM spine
LEFT JOIN strengths AS st
    ON  st.lead_id = spine.lead_id
    AND st.as_of = spine.as_of
