-- Hot runs: what they scored, whom they took out of play, and up to where they have looked.

-- One row per set of leads that hot runs scored at an as_of. The others of that as_of keep the score they had.
CREATE TABLE meta.hot_scorings (
    as_of                TIMESTAMP NOT NULL,
    spine                VARCHAR NOT NULL,
    feature_set_version  VARCHAR NOT NULL,
    model_version        VARCHAR NOT NULL,
    policy_version       VARCHAR NOT NULL,
    input_hash           VARCHAR NOT NULL,  -- of the sources' rows, and of where the run looked from
    row_count            BIGINT NOT NULL,   -- score rows at the as_of under these versions
    run_id               VARCHAR NOT NULL,  -- the newest hot run that scored at it
    PRIMARY KEY (as_of, spine, feature_set_version, model_version, policy_version, input_hash)
);

-- Leads that a hot run found out of play: their outcome is known, or the spine has them no more. Their former scores are not
-- among the latest; the next full run says so itself, and their rows here go.
CREATE TABLE meta.hot_gone (
    lead_id              VARCHAR NOT NULL,
    as_of                TIMESTAMP NOT NULL,  -- since when
    feature_set_version  VARCHAR NOT NULL,
    model_version        VARCHAR NOT NULL,
    policy_version       VARCHAR NOT NULL,
    run_id               VARCHAR NOT NULL,
    PRIMARY KEY (lead_id, as_of, feature_set_version, model_version, policy_version)
);

-- At most one row: up to where every lead is scored. It is written with the scores, so that a run that was killed is made up for.
CREATE TABLE meta.hot_marks (
    as_of                TIMESTAMP NOT NULL,  -- what is known since is for the next hot run
    feature_set_version  VARCHAR NOT NULL,
    model_version        VARCHAR NOT NULL,
    policy_version       VARCHAR NOT NULL,
    setting              VARCHAR NOT NULL,    -- hash of what else decides about score rows
    sources              VARCHAR NOT NULL,    -- JSON: each source's hash, and the staged files that its rows stood in
    run_id               VARCHAR NOT NULL,
    marked_at            TIMESTAMP NOT NULL   -- when
);
