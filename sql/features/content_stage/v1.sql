-- entity: lead (lead_id)
-- owner:  growth
--
-- How far the lead has come, from learning to evaluating to planning the implementation, by the pages it opened in the 90
-- days before as_of. Which kind of page is of which stage stands in reference.content_stages.
WITH pages AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        COUNT(w.event_id) FILTER (WHERE cs.stage = 'educational') AS educational,
        COUNT(w.event_id) FILTER (WHERE cs.stage = 'evaluation') AS evaluation,
        COUNT(w.event_id) FILTER (WHERE cs.stage = 'implementation') AS implementation,
        MIN(w.occurred_at) FILTER (WHERE cs.stage = 'educational') AS educational_at,
        MIN(w.occurred_at) FILTER (WHERE cs.stage = 'evaluation') AS evaluation_at,
        MIN(w.occurred_at) FILTER (WHERE cs.stage = 'implementation') AS implementation_at,
        MAX(w.occurred_at) FILTER (WHERE w.page_type = 'pricing') AS pricing_at
    FROM spine
    JOIN known.web_events AS w
        ON  w.lead_id = spine.lead_id
        AND w.as_of = spine.as_of
        AND w.occurred_at >= spine.as_of - INTERVAL 90 DAY
    LEFT JOIN reference.content_stages AS cs
        ON  cs.page_type = w.page_type
    GROUP BY spine.lead_id, spine.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(pa.educational, 0)
        AS educational_views_90d,                       -- educational pages opened in the last 90 days
    COALESCE(pa.evaluation, 0)
        AS evaluation_views_90d,                        -- evaluation pages opened in the last 90 days
    COALESCE(pa.implementation, 0)
        AS implementation_views_90d,                    -- implementation pages opened in the last 90 days
    CASE
        WHEN pa.implementation > 0 THEN 'implementation'
        WHEN pa.evaluation > 0 THEN 'evaluation'
        WHEN pa.educational > 0 THEN 'educational'
        ELSE 'none'
    END AS content_stage_90d,                           -- the furthest stage reached in the last 90 days, or none
    COALESCE(pa.evaluation_at > pa.educational_at, FALSE)
        OR COALESCE(pa.implementation_at > pa.educational_at, FALSE)
        OR COALESCE(pa.implementation_at > pa.evaluation_at, FALSE)
        AS is_progressing_90d,                          -- TRUE if a later stage was first seen after an earlier one
    COALESCE(pa.pricing_at > pa.implementation_at, FALSE)
        AS is_pricing_after_implementation_90d,         -- TRUE if pricing was looked at after the first implementation page
    CASE
        WHEN pa.evaluation_at > pa.educational_at THEN DATE_DIFF('day', pa.educational_at, pa.evaluation_at)
    END AS days_to_evaluation_90d                       -- midnights from the first educational to the first evaluation page; NULL where that is not the order
FROM spine
LEFT JOIN pages AS pa
    ON  pa.lead_id = spine.lead_id
    AND pa.as_of = spine.as_of
