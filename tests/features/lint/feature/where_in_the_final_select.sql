-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
SELECT
    spine.lead_id,
    spine.as_of,
    1 AS one                                            -- one
FROM spine
WHERE spine.lead_id <> 'x'
-- expect: drops_spine_rows @10:7
