-- entity: lead (lead_id)
-- owner:  growth
--
-- Gates.
SELECT
    spine.lead_id,
    spine.as_of,
    FALSE AS is_rival
FROM spine
-- expect: column_without_comment @8:14
