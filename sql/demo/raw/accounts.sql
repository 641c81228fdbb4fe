-- key:   account_id, changed_at
-- again: name = UPPER(name)
--
-- Change rows of accounts: known, grown, renamed, deleted. A company that converts from a free-mail address has no account.
SELECT
    c.account_id,
    CASE WHEN v.change = 'renamed' THEN c.stem || ' Holding'
         WHEN c.renamed_w <= v.at_w THEN c.stem || ' Holding' ELSE c.stem || c.suffix END AS name,
    LOWER(c.stem) || c.account_n || '.example' AS domain,
    c.industry,
    CASE WHEN c.grown_w <= v.at_w THEN ROUND(c.employees * c.growth)::BIGINT ELSE c.employees END AS employees,
    c.country,
    v.change = 'deleted' AS is_deleted,
    on_clock(v.at_w) AS changed_at,
    arrival('accounts', c.account_id || v.change, on_clock(v.at_w), 15) AS synced_at
FROM company AS c
CROSS JOIN LATERAL (
    SELECT UNNEST(['known', 'grown', 'renamed', 'deleted']) AS change, UNNEST([c.known_w, c.grown_w, c.renamed_w, c.deleted_w]) AS at_w) AS v
WHERE v.at_w IS NOT NULL
  AND (c.deleted_w IS NULL OR v.at_w <= c.deleted_w)
