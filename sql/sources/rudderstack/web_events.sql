-- key:   event_id
-- rows:  appended
-- joins: page_people, person_leads
--
-- One row per page viewed by a lead, once the page call, who made it and that this is a lead are known: both clocks are the
-- latest of the three. Robots are left out. RudderStack counts no sessions and measures no time on a page: a session is a
-- browser's day, UTC.
SELECT
    'rudderstack:' || CAST(p.id AS VARCHAR) AS event_id,                        -- id of the page call
    CAST(p.timestamp AS TIMESTAMP) AS occurred_at,                          -- when the page was opened, by the corrected clock
    CAST(p.received_at AS TIMESTAMP) AS ingested_at,                        -- when RudderStack received it
    l.linked_at AS linked_at,                                               -- since when the person says it is the lead
    'rudderstack:' || CAST(p.anonymous_id AS VARCHAR) AS anonymous_id,          -- the browser
    l.lead_id AS lead_id,                                                   -- the lead
    'rudderstack:' || COALESCE(CAST(p.anonymous_id AS VARCHAR), CAST(p.user_id AS VARCHAR)) || '@'
        || STRFTIME(CAST(p.timestamp AS TIMESTAMP), '%Y-%m-%d') AS session_id,   -- the browser's day
    'page_view' AS event_type,                                              -- always page_view
    CASE
        WHEN CONTAINS(COALESCE(p.url, ''), 'utm_') OR CONTAINS(COALESCE(p.search, ''), 'utm_') OR p.context_campaign_source IS NULL
            THEN CASE WHEN CONTAINS(p.url, '?') THEN CAST(p.url AS VARCHAR) ELSE p.url || COALESCE(p.search, '') END
        ELSE p.url || CASE WHEN CONTAINS(p.url, '?') THEN '&' ELSE '?' END || CONCAT_WS(
            '&', 'utm_source=' || p.context_campaign_source, 'utm_medium=' || p.context_campaign_medium,
            'utm_campaign=' || p.context_campaign_name
        )
    END AS url,                                                             -- the address, with its query and the campaign
    CASE
        WHEN p.url IS NULL THEN NULL
        ELSE COALESCE(NULLIF(REGEXP_EXTRACT(CAST(p.url AS VARCHAR), '^(?:https?://[^/?#]*)?([^?#]*)', 1), ''), '/')
    END AS path,                                                            -- the address without host and query
    CASE
        WHEN p.url IS NULL THEN NULL
        WHEN REGEXP_MATCHES(p.url, '^(https?://[^/?#]*)?/pricing') THEN 'pricing'
        WHEN REGEXP_MATCHES(p.url, '^(https?://[^/?#]*)?/(roi|roi-calculator)') THEN 'roi_calculator'
        WHEN REGEXP_MATCHES(p.url, '^(https?://[^/?#]*)?/(compare|vs)') THEN 'comparison'
        WHEN REGEXP_MATCHES(p.url, '^(https?://[^/?#]*)?/(implementation|integrations|security)') THEN 'implementation'
        WHEN REGEXP_MATCHES(p.url, '^(https?://[^/?#]*)?/docs') THEN 'docs'
        WHEN REGEXP_MATCHES(p.url, '^(https?://[^/?#]*)?/blog') THEN 'blog'
        WHEN REGEXP_MATCHES(p.url, '^(https?://[^/?#]*)?/(product|features)') THEN 'product'
        WHEN REGEXP_MATCHES(p.url, '^(https?://[^/?#]*)?/(careers|jobs)') THEN 'careers'
        WHEN REGEXP_MATCHES(p.url, '^(https?://[^/?#]*)?/?([?#].*)?$') THEN 'home'
        ELSE 'other'
    END AS page_type,                                                       -- what kind of page the path is
    CAST(NULL AS BIGINT) AS dwell_s,                                        -- not measured
    CAST(p.timestamp AS TIMESTAMP) AS viewed_at                             -- when the page was opened, whoever that was then
FROM raw.rudderstack_pages AS p
JOIN staging.page_people AS v
    ON  v.event_id = 'rudderstack:' || CAST(p.id AS VARCHAR)
JOIN staging.person_leads AS l
    ON  l.person = v.person
WHERE NOT REGEXP_MATCHES(LOWER(COALESCE(CAST(p.context_user_agent AS VARCHAR), '')), 'bot|crawl|spider|slurp|headless|preview|monitor')
