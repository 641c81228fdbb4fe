-- entity: lead (lead_id)
-- owner:  growth
--
-- Several values for one.
SELECT
    spine.lead_id,
    spine.as_of,
    (SELECT w.page_type FROM known.web_events AS w WHERE w.lead_id = spine.lead_id AND w.as_of = spine.as_of)
        AS n                                            -- a number
FROM spine
-- expect: many_rows
