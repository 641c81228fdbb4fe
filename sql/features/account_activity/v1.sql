-- entity: account (account_id)
-- owner:  growth
--
-- What all leads of the account do, whichever of them are asked for: who is active, in which roles, and whether it is more
-- than before. A touch is a page view, a form, or a click or reply to a mail; titles are read as in lead_profile@v1.
WITH people AS MATERIALIZED (                           -- the spine first, as in account_engagement@v1
    SELECT
        spine.account_id,
        spine.as_of,
        la.lead_id
    FROM spine
    JOIN links.lead_account__v1 AS la
        ON  la.account_id = spine.account_id
        AND la.as_of = spine.as_of
),
persons AS MATERIALIZED (
    SELECT
        pe.account_id,
        pe.as_of,
        pe.lead_id,
        l.occurred_at AS created_at,
        ' ' || REGEXP_REPLACE(LOWER(l.title), '[^\p{L}\p{N}]+', ' ', 'g') || ' ' AS words
    FROM people AS pe
    JOIN known.leads AS l
        ON  l.lead_id = pe.lead_id
        AND l.as_of = pe.as_of
),
title_words AS MATERIALIZED (
    SELECT
        ps.account_id,
        ps.as_of,
        ps.lead_id,
        ps.words,
        UNNEST(STRING_SPLIT(TRIM(ps.words), ' ')) AS word
    FROM persons AS ps
),
seniorities AS (
    SELECT
        tw.account_id,
        tw.as_of,
        tw.lead_id,
        ARG_MIN(s.seniority, (CAST(s.priority AS INTEGER), s.word)) AS seniority
    FROM title_words AS tw
    JOIN reference.seniority_words AS s
        ON  SPLIT_PART(s.word, ' ', 1) = tw.word
        AND CONTAINS(tw.words, ' ' || s.word || ' ')
    GROUP BY tw.account_id, tw.as_of, tw.lead_id
),
functions AS (
    SELECT
        tw.account_id,
        tw.as_of,
        tw.lead_id,
        ARG_MIN(f.job_function, (CAST(f.priority AS INTEGER), f.word)) AS job_function
    FROM title_words AS tw
    JOIN reference.function_words AS f
        ON  SPLIT_PART(f.word, ' ', 1) = tw.word
        AND CONTAINS(tw.words, ' ' || f.word || ' ')
    GROUP BY tw.account_id, tw.as_of, tw.lead_id
),
touches AS (                                            -- LEFT JOIN: so no longer window decides on a shorter one's rows
    SELECT
        pe.account_id,
        pe.as_of,
        pe.lead_id,
        w.occurred_at
    FROM people AS pe
    LEFT JOIN known.web_events AS w
        ON  w.lead_id = pe.lead_id
        AND w.as_of = pe.as_of
        AND w.occurred_at >= pe.as_of - INTERVAL 180 DAY
    UNION ALL
    SELECT
        pe.account_id,
        pe.as_of,
        pe.lead_id,
        f.occurred_at
    FROM people AS pe
    LEFT JOIN known.form_submissions AS f
        ON  f.lead_id = pe.lead_id
        AND f.as_of = pe.as_of
        AND f.occurred_at >= pe.as_of - INTERVAL 180 DAY
    UNION ALL
    SELECT
        pe.account_id,
        pe.as_of,
        pe.lead_id,
        e.occurred_at
    FROM people AS pe
    LEFT JOIN known.email_events AS e
        ON  e.lead_id = pe.lead_id
        AND e.as_of = pe.as_of
        AND e.event_type IN ('click', 'reply')
        AND e.occurred_at >= pe.as_of - INTERVAL 180 DAY
),
active AS (
    SELECT
        t.account_id,
        t.as_of,
        t.lead_id,
        COUNT(t.occurred_at) FILTER (WHERE t.occurred_at >= t.as_of - INTERVAL 7 DAY) AS week,
        COUNT(t.occurred_at) FILTER (WHERE t.occurred_at >= t.as_of - INTERVAL 30 DAY) AS month,
        COUNT(t.occurred_at) FILTER (WHERE t.occurred_at >= t.as_of - INTERVAL 37 DAY) AS week_and_month,
        MIN(t.occurred_at) AS first_at
    FROM touches AS t
    GROUP BY t.account_id, t.as_of, t.lead_id
),
described AS (
    SELECT
        ps.account_id,
        ps.as_of,
        ps.lead_id,
        ps.created_at,
        MAX(ps.created_at) OVER (PARTITION BY ps.account_id, ps.as_of) AS newest_at,
        COALESCE(ac.week, 0) AS week,
        COALESCE(ac.month, 0) AS month,
        COALESCE(ac.week_and_month - ac.week, 0) AS month_before,
        ac.first_at,
        sn.seniority,
        fn.job_function
    FROM persons AS ps
    LEFT JOIN active AS ac
        ON  ac.account_id = ps.account_id
        AND ac.as_of = ps.as_of
        AND ac.lead_id = ps.lead_id
    LEFT JOIN seniorities AS sn
        ON  sn.account_id = ps.account_id
        AND sn.as_of = ps.as_of
        AND sn.lead_id = ps.lead_id
    LEFT JOIN functions AS fn
        ON  fn.account_id = ps.account_id
        AND fn.as_of = ps.as_of
        AND fn.lead_id = ps.lead_id
),
summed AS (
    SELECT
        de.account_id,
        de.as_of,
        COUNT(de.lead_id) AS people,
        COUNT(de.lead_id) FILTER (WHERE de.month > 0) AS engaged,
        COUNT(DISTINCT NULLIF(de.job_function, 'other')) FILTER (WHERE de.month > 0) AS functions,
        COUNT(de.lead_id) FILTER (WHERE de.month > 0 AND de.seniority IN ('founder', 'director')) AS deciders,
        CAST(SUM(de.week) AS BIGINT) AS week,
        CAST(SUM(de.month_before) AS BIGINT) AS month_before,
        BOOL_OR(
            de.newest_at >= de.as_of - INTERVAL 30 DAY AND de.created_at < de.newest_at AND de.first_at < de.newest_at
        ) AS is_joined,
        DATE_DIFF('day', MAX(de.created_at), de.as_of) AS newest_days
    FROM described AS de
    GROUP BY de.account_id, de.as_of
)
SELECT
    spine.account_id,
    spine.as_of,
    COALESCE(su.people, 0)
        AS known_people,                                -- leads of the account
    COALESCE(su.engaged, 0)
        AS engaged_people_30d,                          -- of these, with a touch in the last 30 days
    COALESCE(su.functions, 0)
        AS engaged_functions_30d,                       -- different functions of those, by title; other is none
    COALESCE(su.deciders, 0)
        AS engaged_deciders_30d,                        -- founders, chiefs and directors among those
    COALESCE(su.week, 0)
        AS account_touches_7d,                          -- touches of all leads of the account in the last 7 days
    ROUND(COALESCE(su.week, 0) / GREATEST(COALESCE(su.month_before, 0), 1), 2)
        AS account_surge_ratio,                         -- those to one of the 30 days before, which count as one at least
    COALESCE(su.is_joined, FALSE)
        AS has_new_person,                              -- TRUE if a lead came in the last 30 days where an older one had touches before
    su.newest_days AS days_since_newest_person          -- midnights since the account's newest lead was created; NULL without one
FROM spine
LEFT JOIN summed AS su
    ON  su.account_id = spine.account_id
    AND su.as_of = spine.as_of
