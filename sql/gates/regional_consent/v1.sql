-- entity: lead (lead_id)
-- owner:  growth
--
-- Consent where the law of the lead's country asks for it beforehand: `basis` of reference.consent_regions, of its row
-- `other` for a country that is unknown or not listed. Consent is what the lead said at creation or in the log of
-- consents; whoever asked for a demo or to be contacted may be answered. TRUE where the rule fires, never NULL. Refusals
-- are in consent@v1.
WITH whose AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        l.consent,
        UPPER(TRIM(l.country)) AS country
    FROM spine
    JOIN known.leads AS l
        ON  l.lead_id = spine.lead_id
        AND l.as_of = spine.as_of
),
said AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        ARG_MAX_NULL(c.status, (c.occurred_at, c.ingested_at, c.consent_id)) AS status
    FROM spine
    JOIN known.consents AS c
        ON  c.lead_id = spine.lead_id
        AND c.as_of = spine.as_of
        AND COALESCE(c.purpose, 'marketing') = 'marketing'
    GROUP BY spine.lead_id, spine.as_of
),
asked AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        COUNT(f.submission_id) AS requests_90d
    FROM spine
    JOIN known.form_submissions AS f
        ON  f.lead_id = spine.lead_id
        AND f.as_of = spine.as_of
        AND f.form_type IN ('demo_request', 'contact')
        AND f.occurred_at >= spine.as_of - INTERVAL 90 DAY
    GROUP BY spine.lead_id, spine.as_of
),
others AS (
    SELECT MAX(r.basis) AS basis
    FROM reference.consent_regions AS r
    WHERE r.country = 'other'
)
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(r.basis, o.basis, 'opt_out') = 'opt_in'
    AND COALESCE(sa.status, wh.consent, '') <> 'granted'
    AND COALESCE(ak.requests_90d, 0) = 0
        AS lacks_opt_in                                 -- block: Has not agreed to marketing, as the law of its country asks
FROM spine
LEFT JOIN others AS o
    ON  TRUE
LEFT JOIN whose AS wh
    ON  wh.lead_id = spine.lead_id
    AND wh.as_of = spine.as_of
LEFT JOIN reference.consent_regions AS r
    ON  r.country = wh.country
LEFT JOIN said AS sa
    ON  sa.lead_id = spine.lead_id
    AND sa.as_of = spine.as_of
LEFT JOIN asked AS ak
    ON  ak.lead_id = spine.lead_id
    AND ak.as_of = spine.as_of
