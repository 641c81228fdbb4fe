-- entity: lead (lead_id)
-- owner:  growth
--
-- What makes a lead worth another look that was left alone: it comes back after a silence, the time it asked for has passed,
-- somebody new came to a company that was active, or something happened there. A touch is a page view, a form, or a click or
-- reply to a mail of the last 365 days. How long a silence is, and for how long a trigger counts, stands in reference.requalification. TRUE where
-- the rule fires, never NULL.
WITH touches AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        w.occurred_at
    FROM spine
    JOIN known.web_events AS w
        ON  w.lead_id = spine.lead_id
        AND w.as_of = spine.as_of
        AND w.occurred_at >= spine.as_of - INTERVAL 365 DAY
    UNION ALL
    SELECT
        spine.lead_id,
        spine.as_of,
        f.occurred_at
    FROM spine
    JOIN known.form_submissions AS f
        ON  f.lead_id = spine.lead_id
        AND f.as_of = spine.as_of
        AND f.occurred_at >= spine.as_of - INTERVAL 365 DAY
    UNION ALL
    SELECT
        spine.lead_id,
        spine.as_of,
        e.occurred_at
    FROM spine
    JOIN known.email_events AS e
        ON  e.lead_id = spine.lead_id
        AND e.as_of = spine.as_of
        AND e.event_type IN ('click', 'reply')
        AND e.occurred_at >= spine.as_of - INTERVAL 365 DAY
),
active AS (
    SELECT
        t.lead_id,
        t.as_of,
        MIN(t.occurred_at) FILTER (WHERE DATE_DIFF('day', t.occurred_at, t.as_of) <= CAST(r.within_days AS INTEGER)) AS fresh_at,
        MAX(t.occurred_at) FILTER (WHERE DATE_DIFF('day', t.occurred_at, t.as_of) > CAST(r.within_days AS INTEGER)) AS before_at
    FROM touches AS t
    JOIN reference.requalification AS r
        ON  r.trigger = 'is_returning'
    GROUP BY t.lead_id, t.as_of
),
own AS MATERIALIZED (
    SELECT
        spine.lead_id,
        spine.as_of,
        l.occurred_at AS created_at,
        la.account_id
    FROM spine
    JOIN known.leads AS l
        ON  l.lead_id = spine.lead_id
        AND l.as_of = spine.as_of
    LEFT JOIN links.lead_account__v1 AS la
        ON  la.lead_id = spine.lead_id
        AND la.as_of = spine.as_of
),
newest AS MATERIALIZED (                                -- of every company, whichever leads are asked for
    SELECT
        la.account_id,
        la.as_of,
        MAX(l.occurred_at) AS newest_at
    FROM links.lead_account__v1 AS la
    JOIN known.leads AS l
        ON  l.lead_id = la.lead_id
        AND l.as_of = la.as_of
    GROUP BY la.account_id, la.as_of
),
watched AS MATERIALIZED (                               -- older leads of companies where somebody is new, and their colleagues
    SELECT
        ow.lead_id,
        ow.as_of,
        co.lead_id AS member_id,
        nw.newest_at,
        CAST(r.silent_days AS INTEGER) AS silent_days
    FROM own AS ow
    JOIN newest AS nw
        ON  nw.account_id = ow.account_id
        AND nw.as_of = ow.as_of
        AND nw.newest_at > ow.created_at
    JOIN reference.requalification AS r
        ON  r.trigger = 'has_new_colleague'
        AND DATE_DIFF('day', nw.newest_at, nw.as_of) <= CAST(r.within_days AS INTEGER)
    JOIN links.lead_account__v1 AS co
        ON  co.account_id = ow.account_id
        AND co.as_of = ow.as_of
    JOIN known.leads AS m
        ON  m.lead_id = co.lead_id
        AND m.as_of = co.as_of
        AND m.occurred_at < nw.newest_at
),
engaged AS (
    SELECT
        wa.lead_id,
        wa.as_of,
        wa.newest_at,
        wa.silent_days,
        w.occurred_at
    FROM watched AS wa
    JOIN known.web_events AS w
        ON  w.lead_id = wa.member_id
        AND w.as_of = wa.as_of
        AND w.occurred_at >= wa.as_of - INTERVAL 365 DAY
    UNION ALL
    SELECT
        wa.lead_id,
        wa.as_of,
        wa.newest_at,
        wa.silent_days,
        f.occurred_at
    FROM watched AS wa
    JOIN known.form_submissions AS f
        ON  f.lead_id = wa.member_id
        AND f.as_of = wa.as_of
        AND f.occurred_at >= wa.as_of - INTERVAL 365 DAY
    UNION ALL
    SELECT
        wa.lead_id,
        wa.as_of,
        wa.newest_at,
        wa.silent_days,
        e.occurred_at
    FROM watched AS wa
    JOIN known.email_events AS e
        ON  e.lead_id = wa.member_id
        AND e.as_of = wa.as_of
        AND e.event_type IN ('click', 'reply')
        AND e.occurred_at >= wa.as_of - INTERVAL 365 DAY
),
joined AS (
    SELECT
        en.lead_id,
        en.as_of,
        BOOL_OR(
            en.occurred_at < en.newest_at AND DATE_DIFF('day', en.occurred_at, en.newest_at) <= en.silent_days
        ) AS has_new_colleague
    FROM engaged AS en
    GROUP BY en.lead_id, en.as_of
),
verdicts AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        ARG_MAX_NULL(f.kind, (f.occurred_at, f.ingested_at, f.feedback_id)) AS kind,
        ARG_MAX_NULL(LOWER(TRIM(f.value)), (f.occurred_at, f.ingested_at, f.feedback_id)) AS objection,
        ARG_MAX_NULL(f.occurred_at, (f.occurred_at, f.ingested_at, f.feedback_id)) AS said_at,
        ARG_MAX_NULL(f.expires_at, (f.occurred_at, f.ingested_at, f.feedback_id)) AS until_at
    FROM spine
    JOIN known.lead_feedback AS f
        ON  f.lead_id = spine.lead_id
        AND f.as_of = spine.as_of
        AND f.kind IN ('accepted', 'rejected')
    GROUP BY spine.lead_id, spine.as_of
),
objections AS (
    SELECT
        ve.lead_id,
        ve.as_of,
        CASE
            WHEN ve.until_at IS NOT NULL THEN DATE_DIFF('day', ve.until_at, ve.as_of)
            ELSE DATE_DIFF('day', ve.said_at, ve.as_of) - CAST(r.silent_days AS INTEGER)
        END AS over_days,
        CAST(r.within_days AS INTEGER) AS within_days
    FROM verdicts AS ve
    JOIN reference.requalification AS r
        ON  r.trigger = 'is_objection_over'
    WHERE ve.kind = 'rejected' AND ve.objection = 'timing' AND COALESCE(ve.until_at <= ve.as_of, TRUE)
),
domains AS (
    SELECT
        ow.lead_id,
        ow.as_of,
        ARG_MAX_NULL(a.domain, (a.occurred_at, a.ingested_at, a.account_id)) AS domain
    FROM own AS ow
    JOIN known.accounts AS a
        ON  a.account_id = ow.account_id
        AND a.as_of = ow.as_of
    GROUP BY ow.lead_id, ow.as_of
),
events AS (
    SELECT
        dm.lead_id,
        dm.as_of,
        BOOL_OR(
            x.event_type IN ('funding', 'leadership', 'competitor_news')
            AND DATE_DIFF('day', x.occurred_at, dm.as_of) <= CAST(r.within_days AS INTEGER)
        ) AS has_company_event
    FROM domains AS dm
    JOIN known.ext_company_events AS x
        ON  x.account_domain = dm.domain
        AND x.as_of = dm.as_of
        AND x.occurred_at >= dm.as_of - INTERVAL 365 DAY
    JOIN reference.requalification AS r
        ON  r.trigger = 'has_company_event'
    GROUP BY dm.lead_id, dm.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(DATE_DIFF('day', COALESCE(ac.before_at, ow.created_at), ac.fresh_at) >= CAST(si.silent_days AS INTEGER), FALSE)
        AS is_returning,                                -- flag: Active again after a long silence
    COALESCE(ob.over_days BETWEEN 0 AND ob.within_days, FALSE)
        AS is_objection_over,                           -- flag: Asked for later, and that time has come
    COALESCE(jo.has_new_colleague, FALSE)
        AS has_new_colleague,                           -- flag: Somebody new came at its company, which was active before
    COALESCE(ev.has_company_event, FALSE)
        AS has_company_event                            -- flag: News of its company: money, leaders or its present supplier
FROM spine
LEFT JOIN own AS ow
    ON  ow.lead_id = spine.lead_id
    AND ow.as_of = spine.as_of
LEFT JOIN active AS ac
    ON  ac.lead_id = spine.lead_id
    AND ac.as_of = spine.as_of
LEFT JOIN reference.requalification AS si
    ON  si.trigger = 'is_returning'
LEFT JOIN objections AS ob
    ON  ob.lead_id = spine.lead_id
    AND ob.as_of = spine.as_of
LEFT JOIN joined AS jo
    ON  jo.lead_id = spine.lead_id
    AND jo.as_of = spine.as_of
LEFT JOIN events AS ev
    ON  ev.lead_id = spine.lead_id
    AND ev.as_of = spine.as_of
