-- entity:    lead (lead_id)
-- owner:     growth
-- subset-of: open_leads
--
-- Each lead at ten ages, in midnights since it was created: what training sees of a lead's first half year.
SELECT
    l.lead_id,                                          -- the lead
    l.as_of                                             -- the moment
FROM known.leads AS l
WHERE DATE_DIFF('day', l.occurred_at, l.as_of) IN (1, 3, 7, 14, 30, 60, 90, 120, 150, 175)
