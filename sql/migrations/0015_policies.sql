-- What scores went by, so that a change can be told, and a number of last year read with the rules of last year.

-- One row per feature set and policy that scored.
CREATE TABLE meta.policies (
    feature_set_version  VARCHAR NOT NULL,
    policy_version       VARCHAR NOT NULL,
    content              VARCHAR NOT NULL,    -- JSON: gates, points, words, tiers, boost, blend and rules, as policy_version hashes them
    reference_tables     VARCHAR NOT NULL,    -- JSON: the hash of each table that views and gates read, by its name
    run_id               VARCHAR NOT NULL,    -- the first run that went by it
    recorded_at          TIMESTAMP NOT NULL,  -- when
    PRIMARY KEY (feature_set_version, policy_version)
);

-- The texts of those tables, where they are the project's own; the packaged ones are in the release.
CREATE TABLE meta.reference_texts (
    name                 VARCHAR NOT NULL,    -- of the table, without .csv
    content_hash         VARCHAR NOT NULL,    -- SHA-256 of the file
    text                 VARCHAR NOT NULL,    -- the file
    run_id               VARCHAR NOT NULL,    -- the first run that read it
    PRIMARY KEY (name, content_hash)
);
