-- entity: lead (lead_id)
-- owner:  growth
--
-- Both.
SELECT
    spine.lead_id,
    spine.as_of,
    EXISTS (SELECT 1 FROM known.web_events AS w WHERE w.lead_id = spine.lead_id AND spine.as_of = w.as_of)
    AND spine.lead_id NOT IN (SELECT f.lead_id FROM known.form_submissions AS f WHERE f.as_of = spine.as_of AND f.lead_id IS NOT NULL)
        AS n                                            -- a number
FROM spine
