-- entity: lead (lead_id)
-- owner:  growth
--
-- Exact.
SELECT
    spine.lead_id,
    spine.as_of,
    MEDIAN(e.dwell_s) + QUANTILE_CONT(e.dwell_s, 0.9)
        AS n                                            -- a number
FROM spine
LEFT JOIN known.web_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
