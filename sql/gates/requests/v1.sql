-- entity: lead (lead_id)
-- owner:  growth
--
-- What the lead asked for in the 30 days before as_of that a playbook may go by: an offer, or a large order. It says so by a
-- form, or by two looks at such pages. TRUE where the rule fires, never NULL.
WITH asked AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        BOOL_OR(f.form_type IN ('proposal_request', 'quote_request')) AS offer,
        BOOL_OR(f.form_type IN ('bulk_order', 'volume_order')) AS bulk
    FROM spine
    JOIN known.form_submissions AS f
        ON  f.lead_id = spine.lead_id
        AND f.as_of = spine.as_of
        AND f.occurred_at >= spine.as_of - INTERVAL 30 DAY
    GROUP BY spine.lead_id, spine.as_of
),
looked AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        COUNT(w.event_id) FILTER (WHERE REGEXP_MATCHES(LOWER(w.url), '(bulk|wholesale|volume|shipping-terms)')) AS bulk_views
    FROM spine
    JOIN known.web_events AS w
        ON  w.lead_id = spine.lead_id
        AND w.as_of = spine.as_of
        AND w.occurred_at >= spine.as_of - INTERVAL 30 DAY
    GROUP BY spine.lead_id, spine.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(sk.offer, FALSE)
        AS asked_for_an_offer,                          -- flag: Asked for an offer
    COALESCE(sk.bulk, FALSE) OR COALESCE(lo.bulk_views >= 2, FALSE)
        AS wants_a_large_order                          -- flag: Looks for a large order
FROM spine
LEFT JOIN asked AS sk
    ON  sk.lead_id = spine.lead_id
    AND sk.as_of = spine.as_of
LEFT JOIN looked AS lo
    ON  lo.lead_id = spine.lead_id
    AND lo.as_of = spine.as_of
