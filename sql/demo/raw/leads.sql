-- key:   lead_id
-- again: full_name = UPPER(full_name)
--
-- Leads. Their last columns are overwritten in place and show the end of the world: a trap for whoever takes them for history.
SELECT
    l.lead_id,
    LOWER(l.first_name || '.' || l.last_name) || '.' || l.n || '@' || l.domain AS email,
    l.first_name || ' ' || l.last_name AS full_name,
    l.company_name,
    l.title,
    l.country,
    l.source AS lead_source,
    l.medium AS utm_medium,
    CASE WHEN l.medium IS NOT NULL THEN one_of(['spring', 'brand', 'guide', 'compare', 'launch'], 'campaign', l.n) END AS utm_campaign,
    CASE WHEN l.role = 'denied' THEN 'denied' WHEN chance('asked', l.n) < 0.9 THEN 'granted' END AS consent,
    on_clock(l.created_w) AS created_at,
    arrival('leads', l.lead_id, on_clock(l.created_w), 20) AS synced_at,
    CASE WHEN o.converted_w < f.until_w THEN 'converted'
         WHEN l.role <> 'prospect' AND l.created_w < f.until_w - 14 THEN 'disqualified'
         WHEN s.last_at IS NOT NULL THEN 'working' ELSE 'new' END AS status,
    CASE WHEN o.converted_w < f.until_w OR chance('owned', l.n) < 0.3
        THEN one_of(['rep.ana', 'rep.bo', 'rep.chi', 'rep.dee'], 'owner', l.n) END AS owner,
    s.last_at AS last_activity_at,
    CASE WHEN o.converted_w < f.until_w THEN on_clock(o.converted_w) END AS converted_at
FROM lead AS l
JOIN outcome AS o ON o.n = l.n
CROSS JOIN frame AS f
LEFT JOIN (SELECT s.n, MAX(s.at) AS last_at FROM seen AS s GROUP BY s.n) AS s ON s.n = l.n
