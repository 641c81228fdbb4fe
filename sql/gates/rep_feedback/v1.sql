-- entity: lead (lead_id)
-- owner:  growth
--
-- What sales said of the lead in the 180 days before as_of and did not let expire. Words of sales come with sales' work: a
-- rule may read them, and no model of leads does. TRUE where the rule fires, never NULL.
WITH said AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        BOOL_OR(f.kind = 'bad_fit') AS bad_fit,
        BOOL_OR(f.kind = 'urgent') AS urgent,
        ARG_MAX(f.kind, (f.occurred_at, f.ingested_at, f.feedback_id)) FILTER (WHERE f.kind IN ('accepted', 'rejected')) AS verdict
    FROM spine
    JOIN known.lead_feedback AS f
        ON  f.lead_id = spine.lead_id
        AND f.as_of = spine.as_of
        AND f.occurred_at >= spine.as_of - INTERVAL 180 DAY
        AND (f.expires_at IS NULL OR f.expires_at > spine.as_of)
    GROUP BY spine.lead_id, spine.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(sa.bad_fit, FALSE)
        AS is_bad_fit_by_sales,                         -- flag: Sales calls it a bad fit
    COALESCE(sa.urgent, FALSE)
        AS is_urgent_by_sales,                          -- flag: Sales calls it urgent
    COALESCE(sa.verdict = 'accepted', FALSE)
        AS is_accepted_by_sales,                        -- flag: Sales accepted it
    COALESCE(sa.verdict = 'rejected', FALSE)
        AS is_rejected_by_sales                         -- flag: Sales rejected it
FROM spine
LEFT JOIN said AS sa
    ON  sa.lead_id = spine.lead_id
    AND sa.as_of = spine.as_of
