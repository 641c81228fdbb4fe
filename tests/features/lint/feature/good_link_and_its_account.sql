-- entity: lead (lead_id)
-- owner:  growth
--
-- The account of the link.
SELECT
    spine.lead_id,
    spine.as_of,
    ae.employees
        AS n                                            -- a number
FROM spine
LEFT JOIN links.lead_account__v1 AS la
    ON  la.lead_id = spine.lead_id
    AND la.as_of = spine.as_of
LEFT JOIN features.account_engagement__v1 AS ae
    ON  ae.account_id = la.account_id
    AND ae.as_of = spine.as_of
