-- entity: lead (lead_id)
-- owner:  growth
--
-- Leads first contacted the day before as_of: each lead once, at its first midnight. Scoring and training share it, because a
-- lead's chance falls fast with every day that it is not won, and a model that saw first midnights only knows nothing of that.
SELECT
    l.lead_id,                                          -- the lead
    l.as_of                                             -- the moment
FROM known.leads AS l
WHERE DATE_DIFF('day', l.occurred_at, l.as_of) = 1
