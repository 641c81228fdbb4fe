-- entity: lead (lead_id)
-- owner:  growth
--
-- A link.
SELECT
    c.lead_id,
    MIN(c.account_id) AS account_id,
    c.as_of
FROM known.contacts AS c
GROUP BY c.lead_id, c.as_of
