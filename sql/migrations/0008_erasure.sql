-- People who were taken out of the warehouse, and what is kept so that no file brings them back.

-- The secret that keys are hashed with: one row, made when it is first needed.
CREATE TABLE meta.salt (
    salt         VARCHAR NOT NULL       -- 32 hex digits
);

-- One row per erasure. What it removed is gone once it is finished; until then the next command that writes goes on with it.
CREATE TABLE meta.erasures (
    erasure_id   VARCHAR PRIMARY KEY,   -- `e_` and twelve hex digits
    reason       VARCHAR,               -- as it was given
    details      VARCHAR NOT NULL,      -- JSON: how many rows of what; nothing of the person
    begun_at     TIMESTAMP NOT NULL,    -- when files were switched
    finished_at  TIMESTAMP              -- NULL while bytes of what was removed may stand on the disk
);

-- One row per key, contact and address that was erased, as a hash.
CREATE TABLE meta.erased (
    kind         VARCHAR NOT NULL,      -- key: of the entity; contact: a contact_id; address: one that nobody else had
    hash         VARCHAR NOT NULL,      -- SHA-256 of the salt, a colon and the value
    erasure_id   VARCHAR NOT NULL,      -- the first that erased it
    PRIMARY KEY (kind, hash)
);

-- One row per model and lead that it learned from, was calibrated or tested on.
CREATE TABLE meta.model_leads (
    model_version  VARCHAR NOT NULL,    -- the model
    hash           VARCHAR NOT NULL     -- of the lead's key, as in meta.erased
);
