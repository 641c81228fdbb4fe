-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
SELECT * FROM spine
-- expect: select_star @5:8
