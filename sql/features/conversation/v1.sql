-- entity: lead (lead_id)
-- owner:  growth
--
-- What the lead said in chats in the 90 days before as_of, as an extractor read it: of each thing how clearly, at its
-- clearest. Without the optional source ext_conversation_signals all is NULL.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(c.signal)
        AS conversation_signals_90d,                    -- things said in chats in the last 90 days
    COALESCE(MAX(c.strength) FILTER (WHERE c.signal = 'timeline'), 0)
        AS said_timeline_90d,                           -- 0 to 1: named a time in the last 90 days
    COALESCE(MAX(c.strength) FILTER (WHERE c.signal = 'budget'), 0)
        AS said_budget_90d,                             -- 0 to 1: named a budget in the last 90 days
    COALESCE(MAX(c.strength) FILTER (WHERE c.signal = 'authority'), 0)
        AS said_authority_90d,                          -- 0 to 1: has a say in the purchase, in the last 90 days
    COALESCE(MAX(c.strength) FILTER (WHERE c.signal = 'pain'), 0)
        AS said_pain_90d,                               -- 0 to 1: told of a problem in the last 90 days
    COALESCE(MAX(c.strength) FILTER (WHERE c.signal = 'competitor'), 0)
        AS said_competitor_90d,                         -- 0 to 1: named a competitor in the last 90 days
    COALESCE(MAX(c.strength) FILTER (WHERE c.signal = 'support'), 0)
        AS said_support_90d                             -- 0 to 1: asked for support in the last 90 days
FROM spine
LEFT JOIN known.ext_conversation_signals AS c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
    AND c.occurred_at >= spine.as_of - INTERVAL 90 DAY
GROUP BY spine.lead_id, spine.as_of
