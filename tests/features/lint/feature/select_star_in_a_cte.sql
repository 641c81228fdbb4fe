-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
WITH w AS (
    SELECT * FROM known.web_events
)
SELECT
    spine.lead_id,
    spine.as_of,
    1 AS one                                            -- one
FROM spine
-- expect: select_star @6:19
