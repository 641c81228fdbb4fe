-- entity: lead (lead_id)
-- owner:  growth
--
-- By both clocks, and no key.
SELECT
    spine.lead_id,
    spine.as_of,
    ARG_MAX_NULL(e.url, (e.occurred_at, e.ingested_at))
        AS n                                            -- a number
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
-- expect: order_without_key
