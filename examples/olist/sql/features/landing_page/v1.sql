-- entity: lead (lead_id)
-- owner:  growth
--
-- How busy the lead's landing page is, beside all others. A share and not a count: counts grew fivefold from December 2017
-- to January 2018, so they would tell the date rather than the page.
WITH pages AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        l.landing_page_id
    FROM spine
    JOIN known.leads AS l
        ON  l.lead_id = spine.lead_id
        AND l.as_of = spine.as_of
),
shares AS (
    SELECT
        pa.lead_id,
        pa.as_of,
        COUNT(o.lead_id) FILTER (WHERE o.landing_page_id = pa.landing_page_id) AS leads_of_page,
        COUNT(o.lead_id) AS leads
    FROM pages AS pa
    JOIN known.leads AS o
        ON  o.as_of = pa.as_of
        AND o.occurred_at >= pa.as_of - INTERVAL 30 DAY
    GROUP BY pa.lead_id, pa.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    sh.leads_of_page / sh.leads
        AS page_lead_share_30d                          -- share of the last 30 days' leads that came through the lead's page, itself among them
FROM spine
LEFT JOIN shares AS sh
    ON  sh.lead_id = spine.lead_id
    AND sh.as_of = spine.as_of
