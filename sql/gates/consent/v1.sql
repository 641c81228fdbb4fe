-- entity: lead (lead_id)
-- owner:  growth
--
-- What a lead has said by as_of of the use of their data; a refusal of no stated purpose is one of all. TRUE where the rule
-- fires, never NULL. Without a log of consents no rule fires, and `leadmart plan` names it among the absent sources; what a
-- form asked at creation is in icp.
WITH said AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        c.purpose,
        ARG_MAX_NULL(c.status, (c.occurred_at, c.ingested_at, c.consent_id)) AS status
    FROM spine
    JOIN known.consents AS c
        ON  c.lead_id = spine.lead_id
        AND c.as_of = spine.as_of
    GROUP BY spine.lead_id, spine.as_of, c.purpose
),
refusals AS (
    SELECT
        s.lead_id,
        s.as_of,
        BOOL_OR(COALESCE(s.purpose, 'marketing') = 'marketing') AS of_marketing,
        BOOL_OR(COALESCE(s.purpose, 'profiling') = 'profiling') AS of_profiling
    FROM said AS s
    WHERE s.status IN ('denied', 'withdrawn')
    GROUP BY s.lead_id, s.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(re.of_marketing, FALSE)
        AS is_marketing_refused,                        -- block: Refused or withdrew consent to marketing
    COALESCE(re.of_profiling, FALSE)
        AS is_profiling_refused                         -- block: Refused to be profiled
FROM spine
LEFT JOIN refusals AS re
    ON  re.lead_id = spine.lead_id
    AND re.as_of = spine.as_of
