-- key:   event_id
-- again: dwell_s = dwell_s + 5
--
-- Page views: the page a visit is about, others after it, visits before the lead was known (they arrive with it) and visitors nobody
-- knows.
WITH visit AS (
    SELECT s.n, s.key, s.at, s.signal, 1 + FLOOR(chance('pages', s.key) * 3.2)::INT AS pages, NULL::TIMESTAMP AS known_at
    FROM seen AS s
    WHERE s.signal IN ('home', 'blog', 'product', 'docs', 'comparison', 'implementation', 'pricing', 'pricing_glance', 'roi_calculator', 'careers')
    UNION ALL
    SELECT l.n, l.n || '-before', on_clock(l.created_w) - TO_SECONDS(300 + FLOOR(chance('before by', l.n) * 86400 * 3)::BIGINT), 'home',
        1 + FLOOR(chance('pages before', l.n) * 4)::INT, on_clock(l.created_w)
    FROM lead AS l WHERE l.arrival IN ('inbound', 'content') AND chance('before', l.n) < 0.6
    UNION ALL
    SELECT NULL, 'anonymous-' || l.n, on_clock(l.created_w + 0.3), 'home', 1 + FLOOR(chance('pages anonymous', l.n) * 2)::INT, NULL
    FROM lead AS l WHERE chance('anonymous', l.n) < 0.5
),
page AS (
    SELECT v.n, v.key, v.known_at, v.at + TO_SECONDS(place * 45 + FLOOR(chance('page after', v.key) * 60)::BIGINT * place) AS at, place,
        CASE WHEN place = 0 THEN v.signal ELSE one_of(['home', 'blog', 'product'], 'filler', v.key || place) END AS signal
    FROM (SELECT *, UNNEST(RANGE(pages)) AS place FROM visit) AS v
)
SELECT
    'w' || p.key || '-' || p.place AS event_id,
    'b' || COALESCE(p.n::VARCHAR, p.key) AS anonymous_id,
    FORMAT('L{:07d}', p.n) AS lead_id,
    's' || p.key AS session_id,
    'page_view' AS event_type,
    'https://www.demo.example' || CASE p.signal
        WHEN 'home' THEN '/'
        WHEN 'blog' THEN '/blog/' || one_of(['five-metrics', 'why-now', 'better-forecasts'], 'post', p.key)
        WHEN 'product' THEN '/product'
        WHEN 'docs' THEN '/docs/' || one_of(['start', 'api', 'import'], 'doc', p.key)
        WHEN 'comparison' THEN '/compare/' || one_of(['rivalscore', 'scorehub'], 'rival page', p.key)
        WHEN 'implementation' THEN one_of(['/implementation', '/integrations/crm', '/security'], 'implementation page', p.key)
        WHEN 'roi_calculator' THEN '/roi-calculator'
        WHEN 'careers' THEN '/careers'
        ELSE '/pricing' END
        || CASE WHEN chance('utm', p.key || p.place) < 0.1 THEN '?utm_source=mail' ELSE '' END AS url,
    CASE WHEN p.signal = 'pricing_glance' THEN 2 + FLOOR(chance('dwell', p.key || p.place) * 8)
         WHEN chance('no dwell', p.key || p.place) < 0.03 THEN NULL
         ELSE ROUND(CASE p.signal WHEN 'roi_calculator' THEN 240 WHEN 'docs' THEN 120 WHEN 'pricing' THEN 60 ELSE 40 END
            * (0.3 + waiting('dwell', p.key || p.place))) END::BIGINT AS dwell_s,
    p.at AS occurred_at,
    GREATEST(arrival('web', p.key || p.place, p.at, 30), arrival('web', p.key || p.place, p.known_at, 30)) AS synced_at
FROM page AS p
