-- owner: growth
-- grain: one row per month and tier
--
-- What sales says of the leads it was given, by the tier a lead had when the word was given. A lead counts once a month, by
-- the last word. The false-positive rate is the rejected and bad fits among the reviewed of `hot`.
WITH words AS (
    SELECT
        f.lead_id,
        DATE_TRUNC('month', f.occurred_at) AS month,
        MAX(f.occurred_at) AS said_at,
        ARG_MAX(f.kind, (f.occurred_at, f.feedback_id)) AS kind
    FROM staging.lead_feedback AS f
    WHERE f.kind IN ('accepted', 'rejected', 'bad_fit')
    GROUP BY f.lead_id, DATE_TRUNC('month', f.occurred_at)
),
placed AS (
    SELECT
        w.month,
        w.kind,
        ARG_MAX(s.tier, s.as_of) AS tier
    FROM words AS w
    LEFT JOIN scores.shown AS s
        ON  s.lead_id = w.lead_id
        AND s.as_of <= w.said_at
    GROUP BY w.lead_id, w.month, w.kind
)
SELECT
    CAST(p.month AS DATE) AS month,                                       -- its first day
    COALESCE(p.tier, 'not scored') AS tier,                               -- at the newest as_of before the word
    COUNT(*) AS reviewed,                                                 -- leads that sales spoke of
    COUNT(*) FILTER (WHERE p.kind = 'accepted') AS accepted,              -- taken
    COUNT(*) FILTER (WHERE p.kind = 'rejected') AS rejected,              -- given back
    COUNT(*) FILTER (WHERE p.kind = 'bad_fit') AS bad_fit,                -- no buyer at all
    COUNT(*) FILTER (WHERE p.kind = 'accepted') / COUNT(*) AS acceptance  -- accepted by reviewed
FROM placed AS p
GROUP BY p.month, COALESCE(p.tier, 'not scored')
