-- entity: lead (lead_id)
-- owner:  growth
--
-- Rows in the text.
SELECT
    spine.lead_id,
    spine.as_of,
    v.n
        AS n                                            -- a number
FROM spine
LEFT JOIN (VALUES ('a', 1)) AS v (lead_id, n)
    ON  v.lead_id = spine.lead_id
-- expect: unreadable
