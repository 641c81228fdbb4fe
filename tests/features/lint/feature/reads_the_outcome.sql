-- entity: lead (lead_id)
-- owner:  growth
--
-- Whether there is an opportunity.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(o.lead_id)
        AS n                                            -- a number
FROM spine
LEFT JOIN known.opportunities AS o
    ON  o.lead_id = spine.lead_id
    AND o.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
-- expect: hindsight_column
