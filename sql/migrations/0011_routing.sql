-- What is to be done with a scored lead, and by whom.

-- What the project's tables of rules say of the row. NULL where it has none, and in rows that were scored before.
ALTER TABLE scores.lead_scores ADD COLUMN playbook VARCHAR;           -- the approach, by the first rule that holds; NULL where none does
ALTER TABLE scores.lead_scores ADD COLUMN urgency VARCHAR;            -- now, today, week or none; NULL where no rule holds
ALTER TABLE scores.lead_scores ADD COLUMN playbook_rules VARCHAR[];   -- every rule that holds, in the order of the table
ALTER TABLE scores.lead_scores ADD COLUMN playbook_words VARCHAR[];   -- and their words
ALTER TABLE scores.lead_scores ADD COLUMN talking_points VARCHAR[];   -- what to speak of
ALTER TABLE scores.lead_scores ADD COLUMN routing_rule VARCHAR;       -- the first rule of routing that holds; NULL where none does

ALTER TABLE scores.superseded ADD COLUMN playbook VARCHAR;
ALTER TABLE scores.superseded ADD COLUMN urgency VARCHAR;
ALTER TABLE scores.superseded ADD COLUMN playbook_rules VARCHAR[];
ALTER TABLE scores.superseded ADD COLUMN playbook_words VARCHAR[];
ALTER TABLE scores.superseded ADD COLUMN talking_points VARCHAR[];
ALTER TABLE scores.superseded ADD COLUMN routing_rule VARCHAR;

-- One row each time that a lead is given to a representative, or begins to wait for one. The newest row of a lead counts.
CREATE TABLE meta.assignments (
    number               BIGINT PRIMARY KEY,   -- rises with each row
    lead_id              VARCHAR NOT NULL,     -- the lead
    as_of                TIMESTAMP NOT NULL,   -- of the run that gave it
    feature_set_version  VARCHAR NOT NULL,     -- of the score it goes by
    model_version        VARCHAR NOT NULL,     -- 'rules' where no model took part
    policy_version       VARCHAR NOT NULL,     -- hash of gates, points, blend, tiers, words and rules
    reps_version         VARCHAR NOT NULL,     -- hash of the table of representatives
    rep                  VARCHAR,              -- who has it; NULL while it waits
    how                  VARCHAR NOT NULL,     -- owner, drawn, waits
    rule                 VARCHAR,              -- the rule of routing
    why                  VARCHAR NOT NULL,     -- in words
    created_at           TIMESTAMP NOT NULL,   -- when it was written
    run_id               VARCHAR NOT NULL      -- the run that wrote it
);
