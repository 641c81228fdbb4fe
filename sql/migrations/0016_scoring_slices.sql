-- What each scoring in force was made of, so that a change can be held against the very rows that people's scores come from.

-- One row per slice that a scoring read; the slice itself is found by its key in meta.slices while it is kept.
CREATE TABLE meta.scoring_slices (
    as_of                TIMESTAMP NOT NULL,
    spine                VARCHAR NOT NULL,   -- whose leads were scored
    feature_set_version  VARCHAR NOT NULL,
    model_version        VARCHAR NOT NULL,
    policy_version       VARCHAR NOT NULL,
    kind                 VARCHAR NOT NULL,   -- feature, gate, link, spine
    name                 VARCHAR NOT NULL,
    version              INTEGER NOT NULL,   -- 0 for a spine
    slice_spine          VARCHAR NOT NULL,   -- '' for a link, which is computed whole
    fingerprint          VARCHAR NOT NULL,   -- as in meta.slices
    PRIMARY KEY (as_of, spine, feature_set_version, model_version, policy_version, kind, name, version)
);
