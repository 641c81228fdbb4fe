-- entity: lead (lead_id)
-- owner:  growth
--
-- The account a lead belongs to: the one whose domain, in its version in force, is the lead's mail domain. Free-mail
-- domains belong to nobody, a deleted account has no leads, and of several accounts with one domain the smallest
-- account_id counts.
WITH versions AS (
    SELECT
        a.account_id,
        a.as_of,
        ARG_MAX_NULL(a.domain, (a.occurred_at, a.ingested_at, a.account_id)) AS domain,
        ARG_MAX_NULL(a.is_deleted, (a.occurred_at, a.ingested_at, a.account_id)) AS is_deleted
    FROM known.accounts AS a
    GROUP BY a.account_id, a.as_of
),
owners AS (
    SELECT
        ve.domain,
        ve.as_of,
        MIN(ve.account_id) AS account_id
    FROM versions AS ve
    LEFT JOIN reference.free_mail_domains AS f
        ON  f.domain = ve.domain
    WHERE COALESCE(ve.is_deleted, FALSE) = FALSE
        AND COALESCE(ve.domain, '') <> ''
        AND f.domain IS NULL
    GROUP BY ve.domain, ve.as_of
)
SELECT
    l.lead_id,                                          -- the lead
    ow.account_id,                                      -- its account
    l.as_of                                             -- the moment
FROM known.leads AS l
JOIN owners AS ow
    ON  ow.domain = l.email_domain
    AND ow.as_of = l.as_of
