-- key:  event_id
-- rows: appended
--
-- One row per page viewed, by a visitor known to be a lead. A visit made before the lead was known arrives once it is.
SELECT
    CAST(w.event_id AS VARCHAR) AS event_id,                -- id of the page view
    CAST(w.occurred_at AS TIMESTAMP) AS occurred_at,        -- when the page was opened
    CAST(w.synced_at AS TIMESTAMP) AS ingested_at,          -- when the row arrived
    CAST(w.anonymous_id AS VARCHAR) AS anonymous_id,        -- the browser
    CAST(w.lead_id AS VARCHAR) AS lead_id,                  -- the lead
    CAST(w.session_id AS VARCHAR) AS session_id,            -- the visit
    CAST(w.event_type AS VARCHAR) AS event_type,            -- page_view
    CAST(w.url AS VARCHAR) AS url,                          -- the address, with its query
    CASE
        WHEN w.url IS NULL THEN NULL
        ELSE COALESCE(NULLIF(REGEXP_EXTRACT(CAST(w.url AS VARCHAR), '^(?:https?://[^/?#]*)?([^?#]*)', 1), ''), '/')
    END AS path,                                            -- the address without host and query
    CASE
        WHEN w.url IS NULL THEN NULL
        WHEN REGEXP_MATCHES(w.url, '^(https?://[^/?#]*)?/pricing') THEN 'pricing'
        WHEN REGEXP_MATCHES(w.url, '^(https?://[^/?#]*)?/(roi|roi-calculator)') THEN 'roi_calculator'
        WHEN REGEXP_MATCHES(w.url, '^(https?://[^/?#]*)?/(compare|vs)') THEN 'comparison'
        WHEN REGEXP_MATCHES(w.url, '^(https?://[^/?#]*)?/(implementation|integrations|security)') THEN 'implementation'
        WHEN REGEXP_MATCHES(w.url, '^(https?://[^/?#]*)?/docs') THEN 'docs'
        WHEN REGEXP_MATCHES(w.url, '^(https?://[^/?#]*)?/blog') THEN 'blog'
        WHEN REGEXP_MATCHES(w.url, '^(https?://[^/?#]*)?/(product|features)') THEN 'product'
        WHEN REGEXP_MATCHES(w.url, '^(https?://[^/?#]*)?/(careers|jobs)') THEN 'careers'
        WHEN REGEXP_MATCHES(w.url, '^(https?://[^/?#]*)?/?([?#].*)?$') THEN 'home'
        ELSE 'other'
    END AS page_type,                                       -- what kind of page the path is
    CAST(w.dwell_s AS BIGINT) AS dwell_s                    -- seconds on the page
FROM raw.web_events AS w
