-- entity: lead (lead_id)
-- owner:  growth
--
-- Who the lead is, from what was known when it was created. Titles are read as words and phrases of
-- reference.seniority_words and reference.function_words; of several that occur, the one with the lowest priority counts.
WITH titles AS MATERIALIZED (
    SELECT
        spine.lead_id,
        spine.as_of,
        ' ' || REGEXP_REPLACE(LOWER(l.title), '[^\p{L}\p{N}]+', ' ', 'g') || ' ' AS words
    FROM spine
    JOIN known.leads AS l
        ON  l.lead_id = spine.lead_id
        AND l.as_of = spine.as_of
),
title_words AS MATERIALIZED (                           -- joining on a first word: 18x faster than on CONTAINS alone
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
functions AS (
    SELECT
        tw.lead_id,
        tw.as_of,
        ARG_MIN(f.job_function, (CAST(f.priority AS INTEGER), f.word)) AS job_function
    FROM title_words AS tw
    JOIN reference.function_words AS f
        ON  SPLIT_PART(f.word, ' ', 1) = tw.word
        AND CONTAINS(tw.words, ' ' || f.word || ' ')
    GROUP BY tw.lead_id, tw.as_of
),
addresses AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        BOOL_OR(s.pattern IS NOT NULL) AS is_student,
        BOOL_OR(f.domain IS NOT NULL) AS is_free
    FROM spine
    JOIN known.leads AS l
        ON  l.lead_id = spine.lead_id
        AND l.as_of = spine.as_of
    LEFT JOIN reference.student_domains AS s
        ON  l.email_domain LIKE s.pattern
    LEFT JOIN reference.free_mail_domains AS f
        ON  f.domain = l.email_domain
    GROUP BY spine.lead_id, spine.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    CASE
        WHEN COALESCE(TRIM(l.title), '') = '' THEN NULL
        ELSE COALESCE(sn.seniority, 'other')
    END AS seniority,                                   -- founder (and chiefs), director, manager or other; NULL without a title
    CASE
        WHEN COALESCE(TRIM(l.title), '') = '' THEN NULL
        ELSE COALESCE(fn.job_function, 'other')
    END AS job_function,                                -- sales, marketing, engineering, … or other; NULL without a title
    l.lead_source AS lead_source,                       -- where the lead came from, at creation; NULL where not recorded
    l.country AS country,                               -- two letters, as written at creation; NULL where not recorded
    CASE
        WHEN COALESCE(l.email_domain, '') = '' THEN NULL
        WHEN ad.is_student THEN 'student'
        WHEN ad.is_free THEN 'free'
        ELSE 'business'
    END AS email_kind,                                  -- business, free or student, by mail domain; NULL without one
    DATE_DIFF('day', l.occurred_at, spine.as_of)
        AS lead_age_days                                -- midnights since the lead was created; NULL where the lead is not known
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
LEFT JOIN seniorities AS sn
    ON  sn.lead_id = spine.lead_id
    AND sn.as_of = spine.as_of
LEFT JOIN functions AS fn
    ON  fn.lead_id = spine.lead_id
    AND fn.as_of = spine.as_of
LEFT JOIN addresses AS ad
    ON  ad.lead_id = spine.lead_id
    AND ad.as_of = spine.as_of
