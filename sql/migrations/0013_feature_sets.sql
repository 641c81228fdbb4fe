-- What the definitions of a feature set said when a run or training last used it: with it, `plan` tells which columns an edit
-- reaches, and whether a model's columns still mean what it learned on. A table without time has no text here, only its hash.
CREATE TABLE meta.feature_sets (
    feature_set_version  VARCHAR NOT NULL,
    kind                 VARCHAR NOT NULL,   -- source, spine, link, feature, gate, reference, engine
    name                 VARCHAR NOT NULL,
    version              INTEGER NOT NULL,   -- 0 where the kind has none
    connector            VARCHAR NOT NULL,   -- of a source; else ''
    token_hash           VARCHAR NOT NULL,   -- of the text without layout and comments
    text                 VARCHAR,
    is_present           BOOLEAN NOT NULL,   -- FALSE for a source that had no raw table, and read as empty
    run_id               VARCHAR NOT NULL,
    recorded_at          TIMESTAMP NOT NULL,
    PRIMARY KEY (feature_set_version, kind, name, version, connector)
);
