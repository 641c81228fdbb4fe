-- entity: lead (lead_id)
-- owner:  growth
--
-- ANY.
SELECT
    spine.lead_id,
    spine.as_of,
    spine.lead_id = ANY(SELECT w.lead_id FROM known.web_events AS w WHERE w.as_of = spine.as_of)
        AS n                                            -- a number
FROM spine
-- expect: refused_construct
