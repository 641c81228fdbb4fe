-- The life of models: who was champion since when and why, which rows each was measured on, and what challengers scored.

-- One row per change of champion, in order. Nothing is deleted: a rollback is a row of its own.
CREATE TABLE meta.promotions (
    promotion_number  BIGINT PRIMARY KEY,  -- orders the changes
    command           VARCHAR NOT NULL,    -- train, promote, rollback; before for those of earlier releases
    from_version      VARCHAR NOT NULL,    -- the champion before; 'rules' where none stood
    to_version        VARCHAR NOT NULL,    -- the champion from then on; 'rules' where a rollback left none
    rules             VARCHAR NOT NULL,    -- JSON list: each rule of promotion with its figure, its bound and whether it held
    waived            VARCHAR,             -- the reason that was given for a promotion which the rules refused
    jump              VARCHAR,             -- JSON: how far the scores move by it
    run_id            VARCHAR NOT NULL,
    promoted_at       TIMESTAMP NOT NULL
);

-- Until now every model became champion when it was trained.
INSERT INTO meta.promotions
SELECT
    ROW_NUMBER() OVER by_time,
    'before',
    LAG(m.model_version, 1, 'rules') OVER by_time,
    m.model_version,
    '[]',
    NULL,
    NULL,
    m.run_id,
    m.trained_at
FROM meta.models AS m
WHERE m.artefact IS NOT NULL
WINDOW by_time AS (ORDER BY m.role = 'champion', m.trained_at, m.model_version);

-- One row per look of a model at labelled rows that it had not learned from.
CREATE TABLE meta.model_tests (
    model_version  VARCHAR NOT NULL,
    purpose        VARCHAR NOT NULL,     -- test: its own block, when it was trained; comparison: with another model
    first_as_of    TIMESTAMP NOT NULL,
    last_as_of     TIMESTAMP NOT NULL,
    row_count      BIGINT NOT NULL,
    positives      BIGINT NOT NULL,
    rows_hash      VARCHAR NOT NULL,     -- of the rows' lead, as_of and outcome
    look           BIGINT NOT NULL,      -- 1 for the first time that this model was measured on these very rows
    run_id         VARCHAR NOT NULL,
    scored_at      TIMESTAMP NOT NULL,
    PRIMARY KEY (model_version, rows_hash, look)
);

-- One row per set of leads that a challenger scored in the shadow, so that a run with nothing new scores nothing.
CREATE TABLE meta.shadow_scorings (
    as_of                TIMESTAMP NOT NULL,
    spine                VARCHAR NOT NULL,
    feature_set_version  VARCHAR NOT NULL,
    model_version        VARCHAR NOT NULL,
    policy_version       VARCHAR NOT NULL,
    input_hash           VARCHAR NOT NULL,  -- of the slices read
    row_count            BIGINT NOT NULL,
    run_id               VARCHAR NOT NULL,  -- the newest run that scored it
    PRIMARY KEY (as_of, spine, feature_set_version, model_version, policy_version, input_hash)
);
