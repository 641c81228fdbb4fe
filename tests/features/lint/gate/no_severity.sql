-- entity: lead (lead_id)
-- owner:  growth
--
-- Gates.
SELECT
    spine.lead_id,
    spine.as_of,
    FALSE AS is_rival                                   -- works for a competitor
FROM spine
-- expect: bad_gate @8:14
