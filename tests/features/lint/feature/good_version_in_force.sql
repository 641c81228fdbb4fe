-- entity: lead (lead_id)
-- owner:  growth
--
-- The version in force.
SELECT
    spine.lead_id,
    spine.as_of,
    ARG_MAX_NULL(a.industry, (a.occurred_at, a.ingested_at, a.account_id))
        AS n                                            -- a number
FROM spine
LEFT JOIN links.lead_account__v1 AS la
    ON  la.lead_id = spine.lead_id
    AND la.as_of = spine.as_of
LEFT JOIN known.accounts AS a
    ON  a.account_id = la.account_id
    AND a.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
