-- entity: lead (lead_id)
-- owner:  growth
--
-- It hides spine.
WITH spine AS (
    SELECT l.lead_id, l.as_of
    FROM known.leads AS l
)
SELECT
    spine.lead_id,
    spine.as_of,
    1 AS one                                            -- one
FROM spine
-- expect: unknown_relation
-- expect: key_lost
