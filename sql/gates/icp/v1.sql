-- entity: lead (lead_id)
-- owner:  growth
--
-- Rules about who is no prospect, or only half of one. TRUE where the rule fires, never NULL. Domains and title phrases are
-- lists below sql/reference; a project's own file replaces the packaged one (competitor_domains holds made-up names).
WITH addresses AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        BOOL_OR(s.pattern IS NOT NULL) AS is_student,
        BOOL_OR(f.domain IS NOT NULL) AS is_free,
        BOOL_OR(c.domain IS NOT NULL) AS is_competitor
    FROM spine
    JOIN known.leads AS l
        ON  l.lead_id = spine.lead_id
        AND l.as_of = spine.as_of
    LEFT JOIN reference.student_domains AS s
        ON  l.email_domain LIKE s.pattern
    LEFT JOIN reference.free_mail_domains AS f
        ON  f.domain = l.email_domain
    LEFT JOIN reference.competitor_domains AS c
        ON  c.domain = l.email_domain
    GROUP BY spine.lead_id, spine.as_of
),
titles AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        BOOL_OR(t.meaning = 'student') AS is_student,
        BOOL_OR(t.meaning = 'job_seeker') AS is_job_seeker
    FROM spine
    JOIN known.leads AS l
        ON  l.lead_id = spine.lead_id
        AND l.as_of = spine.as_of
    JOIN reference.disqualifying_titles AS t
        ON  CONTAINS(' ' || REGEXP_REPLACE(LOWER(l.title), '[^\p{L}\p{N}]+', ' ', 'g') || ' ', ' ' || t.phrase || ' ')
    GROUP BY spine.lead_id, spine.as_of
),
careers AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        COUNT(w.event_id) AS views
    FROM spine
    JOIN known.web_events AS w
        ON  w.lead_id = spine.lead_id
        AND w.as_of = spine.as_of
        AND w.page_type = 'careers'
        AND w.occurred_at >= spine.as_of - INTERVAL 90 DAY
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
unsubscribes AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        COUNT(e.event_id) AS unsubscribes
    FROM spine
    JOIN known.email_events AS e
        ON  e.lead_id = spine.lead_id
        AND e.as_of = spine.as_of
        AND e.event_type = 'unsubscribe'
    GROUP BY spine.lead_id, spine.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(ad.is_student, FALSE) OR COALESCE(ti.is_student, FALSE)
        AS is_student,                                  -- block: Student or academic
    COALESCE(ad.is_competitor, FALSE)
        AS is_competitor,                               -- block: Works for a competitor
    COALESCE(ca.views >= 2, FALSE) OR COALESCE(ti.is_job_seeker, FALSE)
        AS is_job_seeker,                               -- block: Looks for a job
    COALESCE(pa.payments > 0, FALSE)
        AS is_existing_customer,                        -- block: Company is a customer already
    COALESCE(l.consent = 'denied', FALSE) OR COALESCE(un.unsubscribes > 0, FALSE)
        AS lacks_consent,                               -- block: May not be contacted
    COALESCE(ad.is_free, FALSE)
        AS is_free_mail,                                -- cap 60: Free mail address
    COALESCE(TRIM(l.email), '') = '' OR (
        COALESCE(TRIM(l.company_name), '') = ''
        AND (COALESCE(l.email_domain, '') = '' OR COALESCE(ad.is_free, FALSE) OR COALESCE(ad.is_student, FALSE))
    )
        AS lacks_required_fields                        -- cap 40: No email, or neither a company nor a business address
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
LEFT JOIN addresses AS ad
    ON  ad.lead_id = spine.lead_id
    AND ad.as_of = spine.as_of
LEFT JOIN titles AS ti
    ON  ti.lead_id = spine.lead_id
    AND ti.as_of = spine.as_of
LEFT JOIN careers AS ca
    ON  ca.lead_id = spine.lead_id
    AND ca.as_of = spine.as_of
LEFT JOIN payments AS pa
    ON  pa.lead_id = spine.lead_id
    AND pa.as_of = spine.as_of
LEFT JOIN unsubscribes AS un
    ON  un.lead_id = spine.lead_id
    AND un.as_of = spine.as_of
