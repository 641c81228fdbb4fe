-- One row per look at a raw table that is updated in place: what had changed since the look before. The change rows are an
-- immutable Parquet file; a look that found nothing has none.
CREATE TABLE meta.snapshots (
    table_name    VARCHAR NOT NULL,     -- the table; its change rows are raw.<table_name>__changes
    observed_at   TIMESTAMP NOT NULL,   -- since when the warehouse holds the table as it was seen
    version       VARCHAR NOT NULL,     -- identity of the content that was looked at
    file          VARCHAR,              -- path below warehouse/, named by content; NULL where nothing had changed
    sha256        VARCHAR,
    bytes         BIGINT NOT NULL,
    rows_seen     BIGINT NOT NULL,      -- keys the table had
    added         BIGINT NOT NULL,      -- keys seen for the first time
    changed       BIGINT NOT NULL,
    deleted       BIGINT NOT NULL,      -- tombstones
    returned      BIGINT NOT NULL,      -- keys back after their tombstone
    unstamped     BIGINT NOT NULL,      -- rows whose values moved and whose change stamp did not: not recorded
    without_key   BIGINT NOT NULL,      -- rows left out for a NULL in the key
    taken_at      TIMESTAMP NOT NULL,
    PRIMARY KEY (table_name, observed_at)
);
