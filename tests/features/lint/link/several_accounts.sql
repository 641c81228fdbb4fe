-- entity: lead (lead_id)
-- owner:  growth
--
-- A link.
SELECT
    c.lead_id,
    c.account_id,
    c.as_of
FROM known.contacts AS c
-- expect: many_rows
