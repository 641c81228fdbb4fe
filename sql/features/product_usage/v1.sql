-- entity: lead (lead_id)
-- owner:  growth
--
-- What the lead did in the product in the 90 days before as_of.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(p.event_id) FILTER (WHERE p.event_type = 'trial_started')
        AS trials_started_90d,                          -- trials started in the last 90 days
    COUNT(DISTINCT p.feature) FILTER (
        WHERE p.event_type = 'feature_used' AND p.occurred_at >= spine.as_of - INTERVAL 30 DAY
    )
        AS features_used_30d,                           -- different features used in the last 30 days
    COUNT(p.event_id) FILTER (WHERE p.event_type = 'invite_sent' AND p.occurred_at >= spine.as_of - INTERVAL 30 DAY)
        AS invites_sent_30d,                            -- invitations to colleagues in the last 30 days
    COUNT(p.event_id) FILTER (
        WHERE p.event_type = 'integration_attempted' AND p.occurred_at >= spine.as_of - INTERVAL 30 DAY
    )
        AS integrations_attempted_30d,                  -- attempts to connect another system in the last 30 days
    DATE_DIFF('day', MAX(p.occurred_at), spine.as_of)
        AS days_since_last_product_event                -- midnights since anything in the product; NULL after 90 days
FROM spine
LEFT JOIN known.product_events AS p
    ON  p.lead_id = spine.lead_id
    AND p.as_of = spine.as_of
    AND p.occurred_at >= spine.as_of - INTERVAL 90 DAY
GROUP BY spine.lead_id, spine.as_of
