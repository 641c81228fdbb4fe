-- key:   event_id
-- again: campaign_id = 'unknown'
--
-- Mail: a drip that goes to everyone who may be mailed, what answers to it, bounces and unsubscribes.
WITH mail AS (
    SELECT l.n, 'd' || l.n || '-' || d.place AS key, on_clock(l.created_w + d.age) AS at, 'drip-' || d.place AS campaign, NULL AS answer
    FROM lead AS l
    JOIN outcome AS o ON o.n = l.n
    CROSS JOIN (VALUES (1, 0.2), (2, 5.0), (3, 14.0), (4, 30.0), (5, 60.0), (6, 90.0), (7, 130.0), (8, 170.0)) AS d(place, age)
    WHERE l.role <> 'denied' AND (l.is_mailable OR d.place = 1)
      AND l.created_w + d.age < LEAST(l.unsubscribed_w, o.converted_w)
    UNION ALL
    SELECT s.n, 'm' || s.key, s.at, 'news-' || (s.burst % 5), s.signal
    FROM seen AS s WHERE s.kind = 'mail'
),
event AS (
    SELECT m.n, m.key, m.campaign, e.type, m.at + TO_SECONDS(e.after) AS at
    FROM mail AS m
    JOIN (VALUES ('sent', -7200), ('delivered', -7190), ('open', -60), ('click', 0), ('reply', 0)) AS e(type, after)
        ON CASE e.type WHEN 'sent' THEN TRUE
                       WHEN 'delivered' THEN m.answer IS NOT NULL OR EXISTS (SELECT 1 FROM lead AS l WHERE l.n = m.n AND l.is_mailable)
                       WHEN 'open' THEN m.answer IS NOT NULL ELSE m.answer = e.type END
    UNION ALL
    SELECT l.n, 'bounce-' || l.n, 'drip-1', 'bounce', on_clock(l.created_w + 0.2) + TO_SECONDS(30)
    FROM lead AS l JOIN outcome AS o ON o.n = l.n
    WHERE l.role <> 'denied' AND NOT l.is_mailable AND l.created_w + 0.2 < LEAST(l.unsubscribed_w, o.converted_w)
    UNION ALL
    SELECT l.n, 'unsubscribe-' || l.n, 'drip-1', 'unsubscribe', on_clock(l.unsubscribed_w)
    FROM lead AS l JOIN outcome AS o ON o.n = l.n
    WHERE l.is_mailable AND l.unsubscribed_w < o.converted_w
)
SELECT
    e.key || '-' || e.type AS event_id,
    l.lead_id,
    LOWER(l.first_name || '.' || l.last_name) || '.' || l.n || '@' || l.domain AS email,
    e.type AS event_type,
    e.campaign AS campaign_id,
    CASE WHEN e.type = 'click' THEN 'https://www.demo.example' || one_of(['/blog/why-now', '/product', '/pricing', '/docs/start'], 'clicked', e.key) END AS url,
    e.at AS occurred_at,
    arrival('mail', e.key || e.type, e.at, 15) AS synced_at
FROM event AS e
JOIN lead AS l ON l.n = e.n
