-- entity: lead (lead_id)
-- owner:  growth
--
-- What part the lead may play in buying, from its title and address as given at creation. Seniority and function are
-- lead_profile's; what they mean for a purchase stands in reference.buying_roles, a line for each pair of the two.
SELECT
    spine.lead_id,
    spine.as_of,
    CASE
        WHEN lp.seniority IS NULL THEN NULL
        ELSE COALESCE(br.buying_role, 'other')
    END AS buying_role,                                 -- decision_maker, budget_holder, champion, evaluator, gatekeeper, user, other; NULL without a title
    CASE
        WHEN lp.seniority IS NULL THEN NULL
        ELSE COALESCE(CAST(br.authority AS BIGINT), 0)
    END AS decision_authority,                          -- 3 signs alone, 2 signs with others, 1 is asked, 0 is not; NULL without a title
    CASE
        WHEN lp.seniority IS NULL THEN NULL
        ELSE COALESCE(CAST(br.authority AS BIGINT), 0) >= 2
    END AS has_decision_authority,                      -- TRUE if the title is one that signs, alone or with others; NULL without a title
    lp.job_function IN ('engineering', 'it', 'data', 'product')
        AS is_technical_role,                           -- TRUE in engineering, IT, data and product; NULL without a title
    lp.job_function IN ('sales', 'marketing')
        AS is_commercial_role,                          -- TRUE in sales and marketing; NULL without a title
    sm.mailbox IS NOT NULL
        AS is_shared_mailbox                            -- TRUE for an address such as info@ or office@, of reference.shared_mailboxes
FROM spine
LEFT JOIN features.lead_profile__v1 AS lp
    ON  lp.lead_id = spine.lead_id
    AND lp.as_of = spine.as_of
LEFT JOIN reference.buying_roles AS br
    ON  br.title_kind = lp.seniority || ' ' || lp.job_function
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
LEFT JOIN reference.shared_mailboxes AS sm
    ON  sm.mailbox = LOWER(TRIM(SPLIT_PART(l.email, '@', 1)))
