-- entity: lead (lead_id)
-- owner:  growth
--
-- A cap.
SELECT
    spine.lead_id,
    spine.as_of,
    FALSE AS is_free,                                   -- cap: Free mail
    FALSE AS is_odd,                                    -- flag 3: Odd
    FALSE AS is_high                                    -- cap 400: High
FROM spine
-- expect: bad_gate
-- expect: bad_gate
-- expect: bad_gate
