-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
SELECT
    spine.lead_id,
    spine.as_of,
    f.domain                                            -- domain
FROM spine
LEFT JOIN reference.free_mail AS f
    ON  f.domain = spine.lead_id
-- expect: unknown_reference @10:21
