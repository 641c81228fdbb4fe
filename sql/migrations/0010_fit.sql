-- Fit, intent and timing of a lead, 0 to 100, beside its score. NULL where a project has no table for them, in rows that were
-- scored before, and where nothing that a part reads is known.
ALTER TABLE scores.lead_scores ADD COLUMN fit DOUBLE;                  -- mean of the known parts of fit by weight
ALTER TABLE scores.lead_scores ADD COLUMN fit_known DOUBLE;            -- the share of that weight whose parts are known
ALTER TABLE scores.lead_scores ADD COLUMN company_fit DOUBLE;          -- how well the company suits
ALTER TABLE scores.lead_scores ADD COLUMN role_fit DOUBLE;             -- how well the person's role suits
ALTER TABLE scores.lead_scores ADD COLUMN tech_fit DOUBLE;             -- how well what it works with suits
ALTER TABLE scores.lead_scores ADD COLUMN intent DOUBLE;               -- mean of the known parts of intent by weight
ALTER TABLE scores.lead_scores ADD COLUMN intent_known DOUBLE;         -- the share of that weight whose parts are known
ALTER TABLE scores.lead_scores ADD COLUMN first_party_intent DOUBLE;   -- what it did with us
ALTER TABLE scores.lead_scores ADD COLUMN third_party_intent DOUBLE;   -- what it did elsewhere, as providers say
ALTER TABLE scores.lead_scores ADD COLUMN relationship_intent DOUBLE;  -- who knows whom
ALTER TABLE scores.lead_scores ADD COLUMN timing DOUBLE;               -- whether now is the time
ALTER TABLE scores.lead_scores ADD COLUMN fit_parts VARCHAR[];         -- of each rule that gave points its part
ALTER TABLE scores.lead_scores ADD COLUMN fit_codes VARCHAR[];         -- and its code
ALTER TABLE scores.lead_scores ADD COLUMN fit_points DOUBLE[];         -- and the points
ALTER TABLE scores.lead_scores ADD COLUMN fit_labels VARCHAR[];        -- and the words, with the lead's own value

ALTER TABLE scores.superseded ADD COLUMN fit DOUBLE;
ALTER TABLE scores.superseded ADD COLUMN fit_known DOUBLE;
ALTER TABLE scores.superseded ADD COLUMN company_fit DOUBLE;
ALTER TABLE scores.superseded ADD COLUMN role_fit DOUBLE;
ALTER TABLE scores.superseded ADD COLUMN tech_fit DOUBLE;
ALTER TABLE scores.superseded ADD COLUMN intent DOUBLE;
ALTER TABLE scores.superseded ADD COLUMN intent_known DOUBLE;
ALTER TABLE scores.superseded ADD COLUMN first_party_intent DOUBLE;
ALTER TABLE scores.superseded ADD COLUMN third_party_intent DOUBLE;
ALTER TABLE scores.superseded ADD COLUMN relationship_intent DOUBLE;
ALTER TABLE scores.superseded ADD COLUMN timing DOUBLE;
ALTER TABLE scores.superseded ADD COLUMN fit_parts VARCHAR[];
ALTER TABLE scores.superseded ADD COLUMN fit_codes VARCHAR[];
ALTER TABLE scores.superseded ADD COLUMN fit_points DOUBLE[];
ALTER TABLE scores.superseded ADD COLUMN fit_labels VARCHAR[];
