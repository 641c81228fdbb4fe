-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
SELECT
    spine.lead_id,
    spine.as_of,
    we.sessions_7d                                      -- sessions
FROM spine
LEFT JOIN features.web_engagement AS we
    ON  we.lead_id = spine.lead_id
    AND we.as_of = spine.as_of
-- expect: unknown_relation @10:20
