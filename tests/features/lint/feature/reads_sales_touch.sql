-- entity: lead (lead_id)
-- owner:  growth
--
-- What a salesperson wrote.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(f.feedback_id) FILTER (WHERE f.kind = 'accepted')
        AS n                                            -- a number
FROM spine
LEFT JOIN known.lead_feedback AS f
    ON  f.lead_id = spine.lead_id
    AND f.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
-- expect: hindsight_column
-- expect: hindsight_column
-- expect: hindsight_column
