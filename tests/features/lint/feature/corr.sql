-- entity: lead (lead_id)
-- owner:  growth
--
-- Doubles.
SELECT
    spine.lead_id,
    spine.as_of,
    CORR(e.dwell_s, e.dwell_s)
        AS n                                            -- a number
FROM spine
LEFT JOIN known.web_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
-- expect: inexact_aggregate
