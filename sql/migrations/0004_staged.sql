-- Sources as they were last staged, kept so that a load costs what it brings and a run what it reads. All of it can be made
-- anew from raw; nothing is lost with it.

-- One row per source: what its staged rows were made of.
CREATE TABLE meta.staged (
    source       VARCHAR PRIMARY KEY,
    identity     VARCHAR NOT NULL,          -- of the source's definitions and of everything in raw they read
    shape        VARCHAR NOT NULL,          -- the same without the rows: definitions, raw columns and types
    batches      VARCHAR[] NOT NULL,        -- the raw batches that are in; empty where rows cannot be added one by one
    row_count    BIGINT NOT NULL,
    clockless    BIGINT NOT NULL,           -- of them, those without a clock: they can never be known
    assumed      BIGINT NOT NULL,           -- raw rows whose arrival is assumed
    late         BIGINT NOT NULL,           -- of them, those that came later than assumed
    staged_at    TIMESTAMP NOT NULL
);

-- One row per immutable Parquet file below warehouse/staged/, sorted by when its rows were first known.
CREATE TABLE meta.staged_files (
    source       VARCHAR NOT NULL,
    file         VARCHAR PRIMARY KEY,       -- path below warehouse/, named by content
    sha256       VARCHAR NOT NULL,
    row_count    BIGINT NOT NULL,
    bytes        BIGINT NOT NULL,
    unlisted_at  TIMESTAMP                  -- since when no staged source reads it
);

-- One row per source and day by which rows of it were first known.
CREATE TABLE meta.staged_days (
    source       VARCHAR NOT NULL,
    known_by     TIMESTAMP NOT NULL,        -- the midnight at or after which they are known
    row_count    BIGINT NOT NULL,
    hash         HUGEINT NOT NULL,          -- sum of the rows' hashes
    since        TIMESTAMP NOT NULL         -- the first occurred_at
);
