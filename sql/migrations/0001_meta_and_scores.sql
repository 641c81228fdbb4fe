-- The first shape of leadmart's own tables.
CREATE SCHEMA meta;
CREATE SCHEMA scores;

-- One row per raw batch: an immutable Parquet file below warehouse/raw/.
CREATE TABLE meta.loads (
    table_name    VARCHAR NOT NULL,     -- raw.<table_name>
    file          VARCHAR NOT NULL,     -- path below warehouse/, named by content
    sha256        VARCHAR NOT NULL,     -- of the file
    input_sha256  VARCHAR NOT NULL,     -- of the file that was given to `load`
    input_name    VARCHAR NOT NULL,
    row_count     BIGINT NOT NULL,
    bytes         BIGINT NOT NULL,
    loaded_at     TIMESTAMP NOT NULL,   -- when the batch was first loaded
    replaced_at   TIMESTAMP,            -- set by `load --replace`; the batch counts no more
    PRIMARY KEY (table_name, sha256)
);

-- One row per execution that writes.
CREATE TABLE meta.runs (
    run_id           VARCHAR PRIMARY KEY,
    command          VARCHAR NOT NULL,
    as_of            TIMESTAMP,
    status           VARCHAR NOT NULL,  -- running, done, blocked, failed
    message          VARCHAR,
    slices_computed  BIGINT NOT NULL DEFAULT 0,
    slices_skipped   BIGINT NOT NULL DEFAULT 0,
    inserted         BIGINT NOT NULL DEFAULT 0,
    updated          BIGINT NOT NULL DEFAULT 0,
    unchanged        BIGINT NOT NULL DEFAULT 0,
    model_version    VARCHAR,
    started_at       TIMESTAMP NOT NULL,
    finished_at      TIMESTAMP,
    seconds          DOUBLE
);

-- One row per published version of a view, link or gate.
CREATE TABLE meta.views (
    kind          VARCHAR NOT NULL,
    name          VARCHAR NOT NULL,
    version       INTEGER NOT NULL,
    token_hash    VARCHAR NOT NULL,
    text          VARCHAR NOT NULL,
    run_id        VARCHAR NOT NULL,
    published_at  TIMESTAMP NOT NULL,
    PRIMARY KEY (kind, name, version)
);

-- One row per filled slice: one view version, spine and as_of, in one immutable Parquet file.
CREATE TABLE meta.slices (
    kind         VARCHAR NOT NULL,      -- feature, gate, link, spine
    name         VARCHAR NOT NULL,
    version      INTEGER NOT NULL,      -- 0 for a spine
    spine        VARCHAR NOT NULL,      -- '' for a link, which is computed whole
    as_of        TIMESTAMP NOT NULL,
    fingerprint  VARCHAR NOT NULL,      -- of everything the rows depend on besides raw
    file         VARCHAR NOT NULL,      -- path below warehouse/
    sha256       VARCHAR NOT NULL,
    row_count    BIGINT NOT NULL,
    bytes        BIGINT NOT NULL,
    seconds      DOUBLE NOT NULL,
    run_id       VARCHAR NOT NULL,
    computed_at  TIMESTAMP NOT NULL,
    PRIMARY KEY (kind, name, version, spine, as_of, fingerprint)
);

-- One row per suite and input: what quality found.
CREATE TABLE meta.verdicts (
    suite              VARCHAR NOT NULL,
    subject            VARCHAR NOT NULL,
    suite_hash         VARCHAR NOT NULL,
    input_hash         VARCHAR NOT NULL,
    success            BOOLEAN NOT NULL,
    critical_failures  BIGINT NOT NULL,
    warnings           BIGINT NOT NULL,
    errored            BIGINT NOT NULL,
    details            VARCHAR NOT NULL,  -- JSON list
    run_id             VARCHAR NOT NULL,
    given_at           TIMESTAMP NOT NULL
);

-- One row per trained model; the artefact is its text.
CREATE TABLE meta.models (
    model_version        VARCHAR PRIMARY KEY,
    role                 VARCHAR NOT NULL,  -- champion, candidate, retired
    tier                 VARCHAR NOT NULL,  -- rules, hybrid, ml
    feature_set_version  VARCHAR NOT NULL,
    label                VARCHAR NOT NULL,
    label_version        VARCHAR NOT NULL,
    row_count            BIGINT NOT NULL,
    positives            BIGINT NOT NULL,
    artefact             VARCHAR,           -- JSON; NULL where the rules are kept
    report               VARCHAR NOT NULL,  -- JSON: metrics with intervals, split, exclusions, suspects
    run_id               VARCHAR NOT NULL,
    trained_at           TIMESTAMP NOT NULL
);

-- One row per set of leads scored, so that a run with nothing new scores nothing. Of several at an as_of, the one whose run
-- began last is in force: it is what people are shown.
CREATE TABLE meta.scorings (
    as_of                TIMESTAMP NOT NULL,
    spine                VARCHAR NOT NULL,
    feature_set_version  VARCHAR NOT NULL,
    model_version        VARCHAR NOT NULL,
    policy_version       VARCHAR NOT NULL,
    input_hash           VARCHAR NOT NULL,  -- of the slices read
    row_count            BIGINT NOT NULL,
    run_id               VARCHAR NOT NULL,  -- the newest run that scored it, or found it done
    PRIMARY KEY (as_of, spine, feature_set_version, model_version, policy_version, input_hash)
);

-- One row per immutable Parquet file of score rows, in the order of publishing.
CREATE TABLE meta.score_files (
    publish_number  BIGINT PRIMARY KEY,
    file            VARCHAR NOT NULL,
    row_count       BIGINT NOT NULL,
    run_id          VARCHAR NOT NULL
);

CREATE TABLE scores.lead_scores (
    lead_id               VARCHAR NOT NULL,
    as_of                 TIMESTAMP NOT NULL,
    feature_set_version   VARCHAR NOT NULL,
    model_version         VARCHAR NOT NULL,   -- 'rules' where no model took part
    policy_version        VARCHAR NOT NULL,
    role                  VARCHAR NOT NULL,
    p_raw                 DOUBLE,             -- the model's own probability
    p_cal                 DOUBLE,             -- calibrated; never boosted
    rank                  DOUBLE,             -- share of the model's reference rows at or below p_raw, 0 to 1
    w                     DOUBLE NOT NULL,    -- the model's weight in the blend
    rules_score           DOUBLE NOT NULL,    -- points, 0 to 100
    boost                 DOUBLE NOT NULL,    -- recency
    cap                   DOUBLE NOT NULL,
    cap_reason            VARCHAR,
    composite             DOUBLE NOT NULL,    -- clip(100 * w * rank + (1 - w) * rules_score + boost, 0, cap)
    tier                  VARCHAR NOT NULL,   -- hot, warm, cold, disqualified
    qualification_status  VARCHAR NOT NULL,   -- sales_ready, nurture, disqualified
    gates                 VARCHAR[] NOT NULL, -- rules that fired
    reason_codes          VARCHAR[],          -- NULL where reasons are computed on demand
    reasons               VARCHAR[],
    input_hash            VARCHAR NOT NULL,   -- of the input row
    run_id                VARCHAR NOT NULL,
    written_at            TIMESTAMP NOT NULL,
    PRIMARY KEY (lead_id, as_of, feature_set_version, model_version, policy_version)
);

-- Rows that a changed recomputation replaced: what was shown then.
CREATE TABLE scores.superseded AS
SELECT s.*, CAST(NULL AS TIMESTAMP) AS superseded_at, CAST(NULL AS VARCHAR) AS superseded_by
FROM scores.lead_scores AS s
LIMIT 0;
