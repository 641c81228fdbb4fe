-- entity: lead (lead_id)
-- owner:  growth
--
-- Gates.
SELECT
    spine.lead_id,
    spine.as_of,
    FALSE AS is_rival,                                  -- block: Competitor
    FALSE AS is_free,                                   -- cap 40.5: Free mail
    FALSE AS is_odd                                     -- flag: Odd
FROM spine
