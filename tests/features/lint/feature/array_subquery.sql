-- entity: lead (lead_id)
-- owner:  growth
--
-- ARRAY.
SELECT
    spine.lead_id,
    spine.as_of,
    ARRAY(SELECT w.url FROM known.web_events AS w WHERE w.lead_id = spine.lead_id AND w.as_of = spine.as_of)
        AS n                                            -- a number
FROM spine
-- expect: unordered
