-- entity: lead (lead_id)
-- owner:  growth
--
-- as_of or not.
SELECT
    spine.lead_id,
    spine.as_of,
    EXISTS (SELECT 1 FROM known.web_events AS w WHERE w.lead_id = spine.lead_id AND (w.as_of = spine.as_of OR w.page_type = 'docs'))
        AS n                                            -- a number
FROM spine
-- expect: join_without_as_of
