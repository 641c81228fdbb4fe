-- entity: lead (lead_id)
-- owner:  growth
--
-- IN over all moments.
SELECT
    spine.lead_id,
    spine.as_of,
    spine.lead_id IN (SELECT w.lead_id FROM known.web_events AS w WHERE w.occurred_at < spine.as_of)
        AS n                                            -- a number
FROM spine
-- expect: join_without_as_of
