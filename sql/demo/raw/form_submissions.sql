-- key:   submission_id
-- again: employees_stated = NULL
--
-- Forms. Only demo requests and contact forms ask for head count and budget.
SELECT
    'f' || s.key AS submission_id,
    l.lead_id,
    CASE WHEN s.signal = 'demo_with_budget' THEN 'demo_request' ELSE s.signal END AS form_type,
    'https://www.demo.example/' || CASE s.signal WHEN 'download' THEN 'guides' WHEN 'webinar' THEN 'webinars' ELSE 'contact' END AS url,
    CASE WHEN s.signal IN ('contact', 'demo_request', 'demo_with_budget')
        THEN ROUND(l.employees * (0.8 + 0.4 * chance('stated', s.key)))::BIGINT END AS employees_stated,
    CASE WHEN s.signal IN ('contact', 'demo_request', 'demo_with_budget') THEN s.signal = 'demo_with_budget' END AS budget_stated,
    s.at AS submitted_at,
    arrival('forms', s.key, s.at, 10) AS synced_at
FROM seen AS s
JOIN lead AS l ON l.n = s.n
WHERE s.signal IN ('newsletter', 'download', 'webinar', 'contact', 'demo_request', 'demo_with_budget')
