-- entity: lead (lead_id)
-- owner:  growth
--
-- How the lead took our campaigns, in the 90 days before as_of. An answer is a click or a reply; its time runs from the
-- campaign's first mail in these days. Clicks at the bottom of the funnel lead to pricing, comparison or implementation.
WITH campaigns AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        e.campaign_id,
        MIN(e.occurred_at) FILTER (WHERE e.event_type = 'sent') AS sent_at,
        MIN(e.occurred_at) FILTER (WHERE e.event_type = 'open') AS opened_at,
        MIN(e.occurred_at) FILTER (WHERE e.event_type IN ('click', 'reply')) AS answered_at,
        MIN(e.occurred_at) FILTER (WHERE e.event_type = 'reply') AS replied_at
    FROM spine
    JOIN known.email_events AS e
        ON  e.lead_id = spine.lead_id
        AND e.as_of = spine.as_of
        AND e.campaign_id IS NOT NULL
        AND e.occurred_at >= spine.as_of - INTERVAL 90 DAY
    GROUP BY spine.lead_id, spine.as_of, e.campaign_id
),
by_campaign AS (
    SELECT
        ca.lead_id,
        ca.as_of,
        COUNT(ca.sent_at) AS sent,
        COUNT(ca.opened_at) AS opened,
        COUNT(ca.answered_at) AS answered,
        MIN(DATE_SUB('hour', ca.sent_at, ca.answered_at)) FILTER (WHERE ca.answered_at >= ca.sent_at) AS answer_hours,
        MIN(DATE_SUB('hour', ca.sent_at, ca.replied_at)) FILTER (WHERE ca.replied_at >= ca.sent_at) AS reply_hours
    FROM campaigns AS ca
    GROUP BY ca.lead_id, ca.as_of
),
by_mail AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        COUNT(e.event_id) FILTER (
            WHERE e.event_type = 'click'
                AND REGEXP_MATCHES(e.url, '^(https?://[^/?#]*)?/(pricing|roi|compare|vs|implementation|integrations|security)')
        ) AS deep_clicks,
        COUNT(e.event_id) FILTER (WHERE e.event_type = 'bounce') AS bounces
    FROM spine
    JOIN known.email_events AS e
        ON  e.lead_id = spine.lead_id
        AND e.as_of = spine.as_of
        AND e.occurred_at >= spine.as_of - INTERVAL 90 DAY
    GROUP BY spine.lead_id, spine.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(bc.sent, 0)
        AS campaigns_mailed_90d,                        -- campaigns that mailed the lead in the last 90 days
    COALESCE(bc.opened, 0)
        AS campaigns_opened_90d,                        -- campaigns of which it opened a mail in the last 90 days
    COALESCE(bc.answered, 0)
        AS campaigns_answered_90d,                      -- campaigns it answered by a click or a reply in the last 90 days
    bc.answer_hours AS hours_to_answer_90d,             -- full hours from a campaign's first mail to the answer, the shortest; NULL without one
    bc.reply_hours AS hours_to_reply_90d,               -- full hours from a campaign's first mail to the reply, the shortest; NULL without one
    COALESCE(bm.deep_clicks, 0)
        AS deep_clicks_90d,                             -- clicks in mails on pricing, comparison or implementation in the last 90 days
    COALESCE(bm.bounces, 0)
        AS mails_bounced_90d                            -- mails that came back in the last 90 days
FROM spine
LEFT JOIN by_campaign AS bc
    ON  bc.lead_id = spine.lead_id
    AND bc.as_of = spine.as_of
LEFT JOIN by_mail AS bm
    ON  bm.lead_id = spine.lead_id
    AND bm.as_of = spine.as_of
