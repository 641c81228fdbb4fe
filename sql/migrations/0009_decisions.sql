-- What people decide, and what is told to other systems.

-- An override in force at the row's as_of. NULL where nobody gave one, and in rows that were scored before.
ALTER TABLE scores.lead_scores ADD COLUMN machine_tier VARCHAR;       -- the tier that the score gives by itself; NULL without an override
ALTER TABLE scores.lead_scores ADD COLUMN override_tier VARCHAR;      -- the tier that a person gave: it is the row's tier
ALTER TABLE scores.lead_scores ADD COLUMN override_by VARCHAR;        -- who gave it
ALTER TABLE scores.lead_scores ADD COLUMN override_reason VARCHAR;    -- why, in their words
ALTER TABLE scores.lead_scores ADD COLUMN override_at TIMESTAMP;      -- when they gave it
ALTER TABLE scores.lead_scores ADD COLUMN override_until TIMESTAMP;   -- when it ends; NULL without end

ALTER TABLE scores.superseded ADD COLUMN machine_tier VARCHAR;
ALTER TABLE scores.superseded ADD COLUMN override_tier VARCHAR;
ALTER TABLE scores.superseded ADD COLUMN override_by VARCHAR;
ALTER TABLE scores.superseded ADD COLUMN override_reason VARCHAR;
ALTER TABLE scores.superseded ADD COLUMN override_at TIMESTAMP;
ALTER TABLE scores.superseded ADD COLUMN override_until TIMESTAMP;

-- One row per change of a lead's tier that other systems are to hear of. A key is written once, whatever runs again.
CREATE TABLE meta.crm_outbox (
    dedupe_key           VARCHAR PRIMARY KEY,  -- hash of lead, feature set, model, policy, tier and as_of: deliver each once
    lead_id              VARCHAR NOT NULL,     -- the lead
    as_of                TIMESTAMP NOT NULL,   -- of the change of tier
    feature_set_version  VARCHAR NOT NULL,     -- hash of the views and versions the score is made of
    model_version        VARCHAR NOT NULL,     -- 'rules' where no model took part
    policy_version       VARCHAR NOT NULL,     -- hash of gates, points, blend, tiers and words
    from_tier            VARCHAR NOT NULL,     -- what was told last; 'cold' where nothing was
    tier                 VARCHAR NOT NULL,     -- what is to be told
    action               VARCHAR NOT NULL,     -- hand_off, nurture, release, withdraw
    payload              VARCHAR NOT NULL,     -- JSON: score, status, gates, reasons, override
    status               VARCHAR NOT NULL,     -- pending, sent, failed (try again), dead (given up)
    attempts             BIGINT NOT NULL,      -- deliveries that were tried
    last_error           VARCHAR,              -- why the last one failed
    created_at           TIMESTAMP NOT NULL,   -- when it was written
    settled_at           TIMESTAMP,            -- when its status was last told
    run_id               VARCHAR NOT NULL      -- the run that wrote it
);
