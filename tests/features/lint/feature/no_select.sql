-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
CREATE TABLE x (a INTEGER)
-- expect: bad_sql @1
