-- What the definitions of a feature set said when a run or training last used it: with it, `plan` tells which columns an edit
-- reaches, and whether a model's columns still mean what it learned on. A table without time has no text here, only its hash.
CREATE TABLE meta.feature_sets (
    feature_set_version  VARCHAR NOT NULL,   -- names all that a model reads
    kind                 VARCHAR NOT NULL,   -- source, spine, link, feature, gate, reference, engine
    name                 VARCHAR NOT NULL,   -- of the definition or table
    version              INTEGER NOT NULL,   -- 0 where the kind has none
    connector            VARCHAR NOT NULL,   -- of a source; else ''
    token_hash           VARCHAR NOT NULL,   -- of the text without layout and comments
    text                 VARCHAR,            -- the definition as it was written
    is_present           BOOLEAN NOT NULL,   -- FALSE for a source that had no raw table, and read as empty
    run_id               VARCHAR NOT NULL,   -- the run or training that used it
    recorded_at          TIMESTAMP NOT NULL,  -- when; the newest is what was used last
    PRIMARY KEY (feature_set_version, kind, name, version, connector)
);
