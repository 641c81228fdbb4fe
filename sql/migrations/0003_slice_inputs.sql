-- What each slice was computed from, so that one whose rows have changed since can be named and restated.
-- One row per slice and source: the rows of the source that were known at the slice's as_of.
CREATE TABLE meta.slice_inputs (
    kind         VARCHAR NOT NULL,
    name         VARCHAR NOT NULL,
    version      INTEGER NOT NULL,
    spine        VARCHAR NOT NULL,
    as_of        TIMESTAMP NOT NULL,
    fingerprint  VARCHAR NOT NULL,
    source       VARCHAR NOT NULL,
    input_hash   VARCHAR NOT NULL,      -- of the source's definitions and raw batches: while it is the same, nothing changed
    known_rows   BIGINT NOT NULL,
    known_hash   VARCHAR NOT NULL,      -- of the known rows, blind to their order
    PRIMARY KEY (kind, name, version, spine, as_of, fingerprint, source)
);

-- Slices that a restatement replaced: which file was read then.
CREATE TABLE meta.superseded_slices AS
SELECT s.*, CAST(NULL AS TIMESTAMP) AS superseded_at, CAST(NULL AS VARCHAR) AS superseded_by
FROM meta.slices AS s
LIMIT 0;
