-- key:  event_id
-- rows: appended
--
-- One row per page call, whoever made it; those of robots, by their user agent, are left out. Which lead it was is in
-- web_events, where that is known.
SELECT
    'segment:' || CAST(p.id AS VARCHAR) AS event_id,                        -- the page call
    CAST(p.timestamp AS TIMESTAMP) AS occurred_at,                          -- when the page was opened, by the corrected clock
    CAST(p.received_at AS TIMESTAMP) AS ingested_at,                        -- when Segment received it
    'segment:' || CAST(p.anonymous_id AS VARCHAR) AS anonymous_id,          -- the browser; NULL where not said
    'segment:' || CAST(p.user_id AS VARCHAR) AS user_id,                    -- the user; NULL before there is one
    CAST(p.path AS VARCHAR) AS path                                         -- the address without host and query
FROM raw.segment_pages AS p
WHERE NOT REGEXP_MATCHES(LOWER(COALESCE(CAST(p.context_user_agent AS VARCHAR), '')), 'bot|crawl|spider|slurp|headless|preview|monitor')
