-- The link of leads to accounts, by hand and only for the domains that the wanted pairs reach: a lead's colleagues have
-- its domain. Links for every lead at every moment, of which most are asked for by nobody, would be hundreds of millions.
CREATE OR REPLACE TABLE wanted_domains AS
SELECT DISTINCT l.email_domain AS domain, s.as_of
FROM spine_lead AS s
JOIN staging.leads AS l
    ON  l.lead_id = s.lead_id
    AND l.occurred_at < s.as_of
    AND l.ingested_at <= s.as_of
LEFT JOIN reference.free_mail_domains AS f
    ON  f.domain = l.email_domain
WHERE COALESCE(l.email_domain, '') <> '' AND f.domain IS NULL;

CREATE OR REPLACE TABLE owners AS
WITH candidates AS (
    SELECT DISTINCT a.account_id, d.as_of
    FROM wanted_domains AS d
    JOIN (SELECT DISTINCT account_id, domain FROM staging.accounts) AS a
        ON  a.domain = d.domain
),
versions AS (
    SELECT
        c.account_id,
        c.as_of,
        ARG_MAX_NULL(a.domain, (a.occurred_at, a.ingested_at, a.account_id)) AS domain,
        ARG_MAX_NULL(a.is_deleted, (a.occurred_at, a.ingested_at, a.account_id)) AS is_deleted
    FROM candidates AS c
    JOIN staging.accounts AS a
        ON  a.account_id = c.account_id
        AND a.occurred_at < c.as_of
        AND a.ingested_at <= c.as_of
    GROUP BY c.account_id, c.as_of
)
SELECT v.domain, v.as_of, MIN(v.account_id) AS account_id
FROM versions AS v
JOIN wanted_domains AS d
    ON  d.domain = v.domain
    AND d.as_of = v.as_of
WHERE COALESCE(v.is_deleted, FALSE) = FALSE
GROUP BY v.domain, v.as_of;

CREATE OR REPLACE TABLE links.lead_account__v1 AS
SELECT l.lead_id, o.account_id, o.as_of
FROM owners AS o
JOIN staging.leads AS l
    ON  l.email_domain = o.domain
    AND l.occurred_at < o.as_of
    AND l.ingested_at <= o.as_of;
