-- owner: growth
-- grain: one row per account with a scored lead at the newest as_of of a full run
--
-- Which companies to work: their leads by tier, and how far several of them are along. High is an account with a hot lead or
-- two warm ones, medium one with a warm lead or three of any, else low.
SELECT
    la.account_id AS account_id,                                          -- the account
    MAX(s.as_of) AS as_of,                                                -- the moment
    COUNT(*) AS leads,                                                    -- scored, disqualified ones included
    COUNT(*) FILTER (WHERE s.tier = 'hot') AS hot,                        -- of them hot
    COUNT(*) FILTER (WHERE s.tier = 'warm') AS warm,                      -- warm
    COUNT(*) FILTER (WHERE s.tier = 'disqualified') AS disqualified,      -- disqualified
    MAX(s.composite) AS best_score,                                       -- of its leads
    ARG_MAX(s.lead_id, (s.composite, s.lead_id)) AS best_lead,            -- whose that is
    ARG_MAX(s.reasons[1], (s.composite, s.lead_id)) AS best_reason,       -- and its first reason
    1 - PRODUCT(1 - s.p_cal) FILTER (WHERE s.tier <> 'disqualified') AS chance_of_any,  -- that one of them converts, as if they did so apart; NULL without a model
    CASE
        WHEN COUNT(*) FILTER (WHERE s.tier = 'hot') > 0 OR COUNT(*) FILTER (WHERE s.tier = 'warm') >= 2 THEN 'high'
        WHEN COUNT(*) FILTER (WHERE s.tier = 'warm') > 0 OR COUNT(*) FILTER (WHERE s.tier <> 'disqualified') >= 3 THEN 'medium'
        ELSE 'low'
    END AS priority                                                       -- high, medium or low
FROM scores.shown AS s
JOIN links.lead_account__v1 AS la
    ON  la.lead_id = s.lead_id
    AND la.as_of = s.as_of
WHERE s.as_of = (SELECT MAX(n.as_of) FROM scores.shown AS n)
GROUP BY la.account_id
