-- entity: lead (lead_id)
-- owner:  growth
--
-- LIMIT.
SELECT
    spine.lead_id,
    spine.as_of,
    1
        AS n                                            -- a number
FROM spine
ORDER BY spine.lead_id
LIMIT 5
-- expect: limit_without_as_of
-- expect: drops_spine_rows
