-- entity: lead (lead_id)
-- key:    lead_id, account_id
-- owner:  growth
--
-- A link whose key is said.
SELECT
    c.lead_id,
    c.account_id,
    c.as_of
FROM known.contacts AS c
GROUP BY c.lead_id, c.account_id, c.as_of
