-- entity: lead (lead_id)
-- owner:  growth
--
-- What has to be known of a lead before sales may see it: the fields that reference.required_fields lists, of email,
-- company (a name, or a business address), title, country and full_name. TRUE where the rule fires, never NULL.
WITH asked AS (
    SELECT
        BOOL_OR(r.field = 'email') AS asks_email,
        BOOL_OR(r.field = 'company') AS asks_company,
        BOOL_OR(r.field = 'title') AS asks_title,
        BOOL_OR(r.field = 'country') AS asks_country,
        BOOL_OR(r.field = 'full_name') AS asks_name
    FROM reference.required_fields AS r
),
private_addresses AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        BOOL_OR(COALESCE(o.kind <> 'ordinary', FALSE)) AS is_own,
        BOOL_OR(o.kind = 'ordinary') AS is_ordinary,
        BOOL_OR(f.domain IS NOT NULL OR d.domain IS NOT NULL OR s.pattern IS NOT NULL) AS is_listed
    FROM spine
    JOIN known.leads AS l
        ON  l.lead_id = spine.lead_id
        AND l.as_of = spine.as_of
    LEFT JOIN reference.own_domains AS o
        ON  o.domain = l.email_domain
    LEFT JOIN reference.free_mail_domains AS f
        ON  f.domain = l.email_domain
    LEFT JOIN reference.disposable_domains AS d
        ON  d.domain = l.email_domain
    LEFT JOIN reference.student_domains AS s
        ON  l.email_domain LIKE s.pattern
    GROUP BY spine.lead_id, spine.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    (COALESCE(a.asks_email, FALSE) AND COALESCE(TRIM(l.email), '') = '')
    OR (
        COALESCE(a.asks_company, FALSE)
        AND COALESCE(TRIM(l.company_name), '') = ''
        AND (
            COALESCE(l.email_domain, '') = ''
            OR ((COALESCE(pr.is_listed, FALSE) OR COALESCE(pr.is_own, FALSE)) AND NOT COALESCE(pr.is_ordinary, FALSE))
        )
    )
    OR (COALESCE(a.asks_title, FALSE) AND COALESCE(TRIM(l.title), '') = '')
    OR (COALESCE(a.asks_country, FALSE) AND COALESCE(TRIM(l.country), '') = '')
    OR (COALESCE(a.asks_name, FALSE) AND COALESCE(TRIM(l.full_name), '') = '')
        AS lacks_a_required_field                       -- cap 40: A required field is missing
FROM spine
LEFT JOIN asked AS a
    ON  TRUE
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
LEFT JOIN private_addresses AS pr
    ON  pr.lead_id = spine.lead_id
    AND pr.as_of = spine.as_of
