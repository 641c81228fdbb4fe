-- entity: lead (lead_id)
-- owner:  growth
--
-- What sales did about the lead in the 30 days before as_of, and whether an answer came. It comes with sales' work: a rule may
-- read it, and no model of leads does. TRUE where the rule fires, never NULL.
WITH worked AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        COUNT(s.activity_id) AS activities,
        MIN(s.occurred_at) AS first_at
    FROM spine
    JOIN known.sales_activities AS s
        ON  s.lead_id = spine.lead_id
        AND s.as_of = spine.as_of
        AND s.occurred_at >= spine.as_of - INTERVAL 30 DAY
    GROUP BY spine.lead_id, spine.as_of
),
answered AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        MAX(e.occurred_at) AS last_at
    FROM spine
    JOIN known.email_events AS e
        ON  e.lead_id = spine.lead_id
        AND e.as_of = spine.as_of
        AND e.event_type = 'reply'
        AND e.occurred_at >= spine.as_of - INTERVAL 30 DAY
    GROUP BY spine.lead_id, spine.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(wo.activities > 0, FALSE)
        AS is_worked_by_sales,                          -- flag: Sales was at work on it in the last 30 days
    COALESCE(wo.activities >= 5, FALSE) AND COALESCE(an.last_at < wo.first_at, TRUE)
        AS is_silent_to_sales,                          -- flag: Sales tried five times in 30 days without a reply
    COALESCE(an.last_at > wo.first_at, FALSE)
        AS is_in_talk_with_sales                        -- flag: Replied after sales was in touch
FROM spine
LEFT JOIN worked AS wo
    ON  wo.lead_id = spine.lead_id
    AND wo.as_of = spine.as_of
LEFT JOIN answered AS an
    ON  an.lead_id = spine.lead_id
    AND an.as_of = spine.as_of
