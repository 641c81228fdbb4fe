-- entity: lead (lead_id)
-- owner:  growth
--
-- How seriously the lead tries the product, in the 90 days before as_of.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(p.event_id) FILTER (WHERE p.occurred_at >= spine.as_of - INTERVAL 7 DAY)
        AS product_events_7d,                           -- anything done in the product in the last 7 days
    COUNT(DISTINCT CAST(p.occurred_at AS DATE)) FILTER (WHERE p.occurred_at >= spine.as_of - INTERVAL 30 DAY)
        AS product_days_30d,                            -- days with anything done in the product in the last 30 days
    COUNT(DISTINCT p.feature) FILTER (WHERE p.event_type = 'feature_used')
        AS features_used_90d,                           -- different features used in the last 90 days
    COUNT(p.event_id) FILTER (WHERE p.event_type = 'invite_sent')
        AS invites_sent_90d,                            -- invitations to colleagues in the last 90 days
    COUNT(DISTINCT p.feature) FILTER (WHERE p.event_type = 'integration_attempted')
        AS integrations_tried_90d,                      -- different systems it tried to connect in the last 90 days
    DATE_DIFF('day', MAX(p.occurred_at) FILTER (WHERE p.event_type = 'trial_started'), spine.as_of)
        AS days_since_trial_start                       -- midnights since the last trial was started; NULL after 90 days
FROM spine
LEFT JOIN known.product_events AS p
    ON  p.lead_id = spine.lead_id
    AND p.as_of = spine.as_of
    AND p.occurred_at >= spine.as_of - INTERVAL 90 DAY
GROUP BY spine.lead_id, spine.as_of
