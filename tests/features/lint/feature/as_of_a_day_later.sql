-- entity: lead (lead_id)
-- owner:  growth
--
-- The moment is not the spine's.
SELECT
    spine.lead_id,
    spine.as_of + INTERVAL 1 DAY AS as_of,
    1 AS one                                            -- one
FROM spine
-- expect: as_of_lost
