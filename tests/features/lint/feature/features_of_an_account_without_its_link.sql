-- entity: lead (lead_id)
-- owner:  growth
--
-- The account of a contact may not be computed.
SELECT
    spine.lead_id,
    spine.as_of,
    ae.employees
        AS n                                            -- a number
FROM spine
LEFT JOIN known.contacts AS co
    ON  co.contact_id = spine.lead_id
    AND co.as_of = spine.as_of
LEFT JOIN features.account_engagement__v1 AS ae
    ON  ae.account_id = co.account_id
    AND ae.as_of = spine.as_of
-- expect: join_without_key
