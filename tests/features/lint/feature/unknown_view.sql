-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
SELECT
    spine.lead_id,
    spine.as_of,
    we.sessions_7d                                      -- sessions
FROM spine
LEFT JOIN features.web_engagment__v1 AS we
    ON  we.lead_id = spine.lead_id
    AND we.as_of = spine.as_of
-- expect: unknown_definition @10:20
