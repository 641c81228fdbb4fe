-- entity: lead (lead_id)
-- owner:  growth
--
-- Whether another is asked for.
SELECT
    spine.lead_id,
    spine.as_of,
    EXISTS (SELECT 1 FROM spine AS o WHERE o.as_of = spine.as_of AND o.lead_id <> spine.lead_id)
        AS n                                            -- a number
FROM spine
-- expect: join_without_key
