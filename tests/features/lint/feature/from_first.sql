-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
FROM spine
-- expect: select_star @5:6
