-- What else a score row carries: how sure it is, what speaks against the lead, and what decides its tier. NULL in rows that were
-- scored before.
ALTER TABLE scores.lead_scores ADD COLUMN p_low DOUBLE;               -- lower end of the interval of p_cal; NULL where the calibration gives none
ALTER TABLE scores.lead_scores ADD COLUMN p_high DOUBLE;              -- its upper end
ALTER TABLE scores.lead_scores ADD COLUMN data_grade VARCHAR;         -- A, B, C or D: how much is known of the lead
ALTER TABLE scores.lead_scores ADD COLUMN tier_by VARCHAR;            -- composite or rank: what the tier goes by
ALTER TABLE scores.lead_scores ADD COLUMN hot_from DOUBLE;            -- where hot begins, in what the tier goes by
ALTER TABLE scores.lead_scores ADD COLUMN warm_from DOUBLE;           -- where warm begins
ALTER TABLE scores.lead_scores ADD COLUMN best_tier VARCHAR;          -- the highest tier that the gates leave open
ALTER TABLE scores.lead_scores ADD COLUMN reason_groups VARCHAR[];    -- of each reason; `gate` for a rule that fires
ALTER TABLE scores.lead_scores ADD COLUMN against_codes VARCHAR[];    -- codes of what pulled the score down, most first; NULL where it is computed on demand
ALTER TABLE scores.lead_scores ADD COLUMN against_groups VARCHAR[];   -- the reason groups of these
ALTER TABLE scores.lead_scores ADD COLUMN against VARCHAR[];          -- and their words

ALTER TABLE scores.superseded ADD COLUMN p_low DOUBLE;
ALTER TABLE scores.superseded ADD COLUMN p_high DOUBLE;
ALTER TABLE scores.superseded ADD COLUMN data_grade VARCHAR;
ALTER TABLE scores.superseded ADD COLUMN tier_by VARCHAR;
ALTER TABLE scores.superseded ADD COLUMN hot_from DOUBLE;
ALTER TABLE scores.superseded ADD COLUMN warm_from DOUBLE;
ALTER TABLE scores.superseded ADD COLUMN best_tier VARCHAR;
ALTER TABLE scores.superseded ADD COLUMN reason_groups VARCHAR[];
ALTER TABLE scores.superseded ADD COLUMN against_codes VARCHAR[];
ALTER TABLE scores.superseded ADD COLUMN against_groups VARCHAR[];
ALTER TABLE scores.superseded ADD COLUMN against VARCHAR[];
