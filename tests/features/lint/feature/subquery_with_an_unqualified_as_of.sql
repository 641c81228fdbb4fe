-- entity: lead (lead_id)
-- owner:  growth
--
-- as_of = as_of is the row itself.
SELECT
    spine.lead_id,
    spine.as_of,
    (SELECT COUNT(*) FROM known.web_events AS w WHERE w.lead_id = spine.lead_id AND as_of = as_of)
        AS n                                            -- a number
FROM spine
-- expect: join_without_as_of
