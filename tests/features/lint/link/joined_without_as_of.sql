-- entity: lead (lead_id)
-- owner:  growth
--
-- Accounts of all moments.
SELECT
    l.lead_id,
    MIN(c.account_id) AS account_id,
    l.as_of
FROM known.leads AS l
JOIN known.contacts AS c
    ON  c.lead_id = l.lead_id
GROUP BY l.lead_id, l.as_of
-- expect: join_without_as_of
