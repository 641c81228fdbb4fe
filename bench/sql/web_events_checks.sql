-- What the suite source.web_events asks, in its order, as one SELECT of booleans.
SELECT
    COUNT(*) >= 1,
    COUNT(*) = COUNT(event_id),
    COUNT(occurred_at) >= 0.5 * COUNT(*),
    COUNT(ingested_at) >= 0.5 * COUNT(*),
    COUNT(*) = COUNT(occurred_at),
    COUNT(*) = COUNT(ingested_at),
    COUNT(*) FILTER (WHERE occurred_at < TIMESTAMP '1995-01-01' OR occurred_at > ingested_at + INTERVAL 1 DAY) = 0,
    AVG(CASE WHEN occurred_at < TIMESTAMP '1995-01-01' OR occurred_at > ingested_at + INTERVAL 1 DAY THEN 1.0 ELSE 0.0 END)
        <= 0.1,
    COUNT(lead_id) >= 0.01 * COUNT(*),
    COUNT(*) FILTER (WHERE page_type NOT IN (
        'pricing', 'docs', 'blog', 'product', 'comparison', 'implementation', 'roi_calculator', 'careers', 'home', 'other'
    )) = 0,
    COUNT(*) FILTER (WHERE dwell_s < 0) = 0
FROM rows
