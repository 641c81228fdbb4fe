-- What nobody in the made-up company knows: each lead's fit, and when it will convert. Never loaded as raw.
SELECT
    l.lead_id,
    l.role,
    l.created_w,
    l.fit,
    l.interest,
    l.is_mailable,
    l.unsubscribed_w,
    o.converted_w,
    on_clock(o.converted_w) AS converted_at,
    s.signals                                               -- up to the opportunity or the end of the world
FROM lead AS l
JOIN outcome AS o ON o.n = l.n
LEFT JOIN (
    SELECT p.n, LIST({'at_w': p.at_w, 'weight': p.weight, 'kind': p.kind, 'is_first': p.place = 0}
        ORDER BY p.at_w, p.kind, p.burst, p.place) AS signals
    FROM possible AS p
    JOIN outcome AS o ON o.n = p.n
    WHERE p.at_w <= o.converted_w
    GROUP BY p.n) AS s ON s.n = l.n
ORDER BY l.lead_id
