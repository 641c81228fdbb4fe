-- entity: lead (lead_id)
-- owner:  growth
--
-- A link.
SELECT
    c.lead_id,
    c.account_id
FROM known.contacts AS c
-- expect: missing_column @6:5
