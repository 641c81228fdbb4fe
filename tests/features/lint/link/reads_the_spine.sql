-- entity: lead (lead_id)
-- owner:  growth
--
-- A link.
SELECT
    c.lead_id,
    c.account_id,
    spine.as_of
FROM spine
JOIN known.contacts AS c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
-- expect: unknown_relation @9:6
