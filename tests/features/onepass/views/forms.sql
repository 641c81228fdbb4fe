-- entity: lead (lead_id)
-- owner:  growth
--
-- Truths, and rows that count for ever.
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(BOOL_OR(f.budget_stated), FALSE) AS has_budget,
    BOOL_OR(f.budget_stated) FILTER (WHERE f.occurred_at >= spine.as_of - INTERVAL 30 DAY) AS budget_30d,
    BOOL_AND(f.budget_stated) AS budget_always,
    BOOL_AND(f.budget_stated) FILTER (WHERE f.form_type <> 'download') AS budget_elsewhere,
    COUNT(f.submission_id) AS forms,
    COUNT(DISTINCT f.form_type) AS types,
    COUNT(DISTINCT f.form_type) FILTER (WHERE f.occurred_at >= spine.as_of - INTERVAL 7 DAY) AS types_7d,
    MAX(f.form_type) AS last_by_name,
    MIN(f.employees_stated) FILTER (WHERE f.occurred_at >= spine.as_of - INTERVAL 30 DAY) AS employees_30d,
    ARG_MAX_NULL(f.employees_stated, (f.occurred_at, f.submission_id)) AS employees,
    MAX(f.ingested_at) AS known_at,
    DATE_DIFF('hour', MIN(f.occurred_at), MAX(f.occurred_at)) AS hours
FROM spine
LEFT JOIN known.form_submissions AS f
    ON  f.lead_id = spine.lead_id
    AND f.as_of = spine.as_of
    AND f.form_type <> 'newsletter'
GROUP BY spine.as_of, spine.lead_id
