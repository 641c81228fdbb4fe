-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
SELECT
    spine.lead_id,
    spine.as_of,
    we.pricing_views_7d * 2 AS twice                    -- twice the pages
FROM spine
LEFT JOIN features.web_engagement__v1 AS we
    ON  we.lead_id = spine.lead_id
    AND we.as_of = spine.as_of
