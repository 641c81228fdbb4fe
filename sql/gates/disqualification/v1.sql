-- entity: lead (lead_id)
-- owner:  growth
--
-- The five kinds of people who are no prospects, and customers. TRUE where the rule fires, never NULL. Where each goes
-- instead stands in reference.other_routes. Domains, phrases and words of titles are lists below sql/reference; a domain
-- in own_domains is what is said there, whatever the other lists say. With suppression@v1 and required_fields@v1 it
-- takes the place of icp@v1.
WITH addresses AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        BOOL_OR(COALESCE(o.kind = 'student', s.pattern IS NOT NULL)) AS is_student,
        BOOL_OR(COALESCE(o.kind IN ('competitor', 'analyst'), c.domain IS NOT NULL OR n.domain IS NOT NULL)) AS is_rival
    FROM spine
    JOIN known.leads AS l
        ON  l.lead_id = spine.lead_id
        AND l.as_of = spine.as_of
    LEFT JOIN reference.own_domains AS o
        ON  o.domain = l.email_domain
    LEFT JOIN reference.student_domains AS s
        ON  l.email_domain LIKE s.pattern
    LEFT JOIN reference.competitor_domains AS c
        ON  c.domain = l.email_domain
    LEFT JOIN reference.analyst_domains AS n
        ON  n.domain = l.email_domain
    GROUP BY spine.lead_id, spine.as_of
),
titles AS MATERIALIZED (
    SELECT
        spine.lead_id,
        spine.as_of,
        ' ' || REGEXP_REPLACE(LOWER(l.title), '[^\p{L}\p{N}]+', ' ', 'g') || ' ' AS words
    FROM spine
    JOIN known.leads AS l
        ON  l.lead_id = spine.lead_id
        AND l.as_of = spine.as_of
    WHERE COALESCE(TRIM(l.title), '') <> ''
),
phrases AS (
    SELECT
        ti.lead_id,
        ti.as_of,
        BOOL_OR(t.meaning = 'student') AS is_student,
        BOOL_OR(t.meaning = 'job_seeker') AS is_job_seeker
    FROM titles AS ti
    JOIN reference.disqualifying_titles AS t
        ON  CONTAINS(ti.words, ' ' || t.phrase || ' ')
    GROUP BY ti.lead_id, ti.as_of
),
title_words AS (
    SELECT
        ti.lead_id,
        ti.as_of,
        ti.words,
        UNNEST(STRING_SPLIT(TRIM(ti.words), ' ')) AS word
    FROM titles AS ti
),
seniorities AS (
    SELECT
        tw.lead_id,
        tw.as_of,
        ARG_MIN(s.seniority, (CAST(s.priority AS INTEGER), s.word)) AS seniority
    FROM title_words AS tw
    JOIN reference.seniority_words AS s
        ON  SPLIT_PART(s.word, ' ', 1) = tw.word
        AND CONTAINS(tw.words, ' ' || s.word || ' ')
    GROUP BY tw.lead_id, tw.as_of
),
visits AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        COUNT(w.event_id) FILTER (WHERE w.page_type = 'careers') AS careers_90d,
        COUNT(w.event_id) FILTER (
            WHERE REGEXP_MATCHES(w.path, '^/(support|help|tickets?)(/|$)')
            AND w.occurred_at >= spine.as_of - INTERVAL 30 DAY
        ) AS support_30d
    FROM spine
    JOIN known.web_events AS w
        ON  w.lead_id = spine.lead_id
        AND w.as_of = spine.as_of
        AND w.occurred_at >= spine.as_of - INTERVAL 90 DAY
    GROUP BY spine.lead_id, spine.as_of
),
requests AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        COUNT(f.submission_id) AS support_30d
    FROM spine
    JOIN known.form_submissions AS f
        ON  f.lead_id = spine.lead_id
        AND f.as_of = spine.as_of
        AND f.form_type = 'support'
        AND f.occurred_at >= spine.as_of - INTERVAL 30 DAY
    GROUP BY spine.lead_id, spine.as_of
),
companies AS MATERIALIZED (
    SELECT
        spine.lead_id,
        spine.as_of,
        la.account_id
    FROM spine
    JOIN links.lead_account__v1 AS la
        ON  la.lead_id = spine.lead_id
        AND la.as_of = spine.as_of
),
payments AS (
    SELECT
        co.lead_id,
        co.as_of,
        COUNT(p.payment_id) AS payments
    FROM companies AS co
    JOIN known.invoice_payments AS p
        ON  p.account_id = co.account_id
        AND p.as_of = co.as_of
        AND p.amount_paid > 0
    GROUP BY co.lead_id, co.as_of
),
facts AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        COALESCE(pa.payments > 0, FALSE) AS is_customer,
        COALESCE(vi.support_30d >= 2, FALSE) OR COALESCE(re.support_30d > 0, FALSE) AS needs_support,
        ti.words IS NOT NULL AND COALESCE(se.seniority, 'other') = 'other' AS decides_nothing,
        COALESCE(vi.careers_90d >= 2, FALSE) AS reads_careers
    FROM spine
    LEFT JOIN payments AS pa
        ON  pa.lead_id = spine.lead_id
        AND pa.as_of = spine.as_of
    LEFT JOIN visits AS vi
        ON  vi.lead_id = spine.lead_id
        AND vi.as_of = spine.as_of
    LEFT JOIN requests AS re
        ON  re.lead_id = spine.lead_id
        AND re.as_of = spine.as_of
    LEFT JOIN titles AS ti
        ON  ti.lead_id = spine.lead_id
        AND ti.as_of = spine.as_of
    LEFT JOIN seniorities AS se
        ON  se.lead_id = spine.lead_id
        AND se.as_of = spine.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(ad.is_rival, FALSE)
        AS is_competitor_or_analyst,                    -- block: Works for a competitor or an analyst
    COALESCE(ad.is_student, FALSE) OR COALESCE(ph.is_student, FALSE)
        AS is_student_or_academic,                      -- block: Student or academic
    COALESCE(fa.reads_careers, FALSE) OR COALESCE(ph.is_job_seeker, FALSE)
        AS is_looking_for_work,                         -- block: Looks for a job
    COALESCE(fa.is_customer AND fa.needs_support, FALSE)
        AS is_customer_in_need,                         -- block: Customer who needs support
    COALESCE(fa.is_customer AND fa.decides_nothing AND NOT fa.needs_support, FALSE)
        AS is_bystander_at_customer,                    -- block: Decides nothing, and their company is a customer
    COALESCE(fa.is_customer, FALSE)
        AS is_at_customer                               -- cap 60: Their company is a customer already
FROM spine
LEFT JOIN addresses AS ad
    ON  ad.lead_id = spine.lead_id
    AND ad.as_of = spine.as_of
LEFT JOIN phrases AS ph
    ON  ph.lead_id = spine.lead_id
    AND ph.as_of = spine.as_of
LEFT JOIN facts AS fa
    ON  fa.lead_id = spine.lead_id
    AND fa.as_of = spine.as_of
