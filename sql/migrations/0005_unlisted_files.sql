-- Files that nothing lists any more and that still stand, because a catalogue opened before may read them: `prune` unlists first
-- and unlinks later. One row per file, gone with it.
CREATE TABLE meta.unlisted_files (
    file         VARCHAR PRIMARY KEY,   -- path below warehouse/
    bytes        BIGINT NOT NULL,
    why          VARCHAR NOT NULL,
    unlisted_at  TIMESTAMP NOT NULL
);
