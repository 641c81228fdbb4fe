-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
SELECT
    spine.lead_id,
    spine.as_of,
    1 AS one                                            -- one
FROM spine
UNION ALL
SELECT spine.lead_id, spine.as_of, 2
FROM spine
-- expect: not_from_spine
