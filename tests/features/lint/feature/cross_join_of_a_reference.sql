-- entity: lead (lead_id)
-- owner:  growth
--
-- Everything with everything.
WITH c AS (
    SELECT spine.lead_id, spine.as_of, COUNT(*) AS n
    FROM spine
    CROSS JOIN reference.free_mail_domains AS f
    GROUP BY spine.lead_id, spine.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
-- expect: refused_construct
