-- entity: lead (lead_id)
-- owner:  growth
--
-- Severities as people type them.
SELECT
    spine.lead_id,
    spine.as_of,
    FALSE AS is_rival,                                  -- Block: Competitor
    FALSE AS is_odd                                     -- block:Odd
FROM spine
