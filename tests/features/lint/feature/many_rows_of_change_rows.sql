-- entity: lead (lead_id)
-- owner:  growth
--
-- An account has many versions.
SELECT
    spine.lead_id,
    spine.as_of,
    a.industry
        AS n                                            -- a number
FROM spine
LEFT JOIN links.lead_account__v1 AS la
    ON  la.lead_id = spine.lead_id
    AND la.as_of = spine.as_of
LEFT JOIN known.accounts AS a
    ON  a.account_id = la.account_id
    AND a.as_of = spine.as_of
-- expect: many_rows
