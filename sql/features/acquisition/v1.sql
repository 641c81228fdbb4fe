-- entity: lead (lead_id)
-- owner:  growth
--
-- What brought the lead: the first touch, as written at creation, and the last, read from the tags in the addresses of
-- the pages it opened in the 90 days before as_of. Channels stand in reference.channels.
WITH tags AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        w.event_id,
        w.occurred_at,
        NULLIF(REGEXP_EXTRACT(w.url, '[?&]utm_source=([^&#]*)', 1), '') AS source,
        NULLIF(REGEXP_EXTRACT(w.url, '[?&]utm_campaign=([^&#]*)', 1), '') AS campaign,
        NULLIF(REGEXP_EXTRACT(w.url, '[?&]utm_term=([^&#]*)', 1), '') AS keyword
    FROM spine
    JOIN known.web_events AS w
        ON  w.lead_id = spine.lead_id
        AND w.as_of = spine.as_of
        AND w.occurred_at >= spine.as_of - INTERVAL 90 DAY
),
last_tags AS (                                          -- ARG_MAX passes over pages without the tag
    SELECT
        ta.lead_id,
        ta.as_of,
        ARG_MAX(ta.source, (ta.occurred_at, ta.event_id)) AS source,
        ARG_MAX(ta.campaign, (ta.occurred_at, ta.event_id)) AS campaign,
        ARG_MAX(ta.keyword, (ta.occurred_at, ta.event_id)) AS keyword,
        COUNT(DISTINCT ta.campaign) AS campaigns
    FROM tags AS ta
    GROUP BY ta.lead_id, ta.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    CASE
        WHEN COALESCE(TRIM(l.lead_source), '') = '' AND COALESCE(TRIM(l.utm_medium), '') = '' THEN NULL
        ELSE COALESCE(cs.channel, cm.channel, 'other')
    END AS channel,                                     -- referral, partner, paid, organic, event, content, inbound, email, outbound, other; NULL where no origin is recorded
    CASE
        WHEN COALESCE(TRIM(l.lead_source), '') = '' AND COALESCE(TRIM(l.utm_medium), '') = '' THEN NULL
        ELSE COALESCE(cs.channel, cm.channel, 'other') IN ('referral', 'partner')
    END AS is_referral,                                 -- TRUE if somebody sent the lead: a customer, a partner, an introduction
    l.utm_medium AS first_medium,                       -- medium of the first touch; NULL where not recorded
    l.utm_campaign AS first_campaign,                   -- campaign of the first touch; NULL where not recorded
    lt.source AS last_source_90d,                       -- source tag last seen in 90 days; NULL where there was none
    lt.campaign AS last_campaign_90d,                   -- campaign tag last seen in 90 days; NULL where there was none
    lt.keyword AS last_keyword_90d,                     -- keyword tag last seen in 90 days; NULL where there was none
    COALESCE(lt.campaigns, 0)
        AS campaigns_90d                                -- different campaign tags in the last 90 days
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
LEFT JOIN reference.channels AS cs
    ON  cs.origin = LOWER(TRIM(l.lead_source))
LEFT JOIN reference.channels AS cm
    ON  cm.origin = LOWER(TRIM(l.utm_medium))
LEFT JOIN last_tags AS lt
    ON  lt.lead_id = spine.lead_id
    AND lt.as_of = spine.as_of
