-- key:          account_id, occurred_at
-- rows:         appended
-- availability: rep = sales_touch
--
-- One row per change of who owns an account; a row without a rep says that nobody does.
SELECT
    CAST(o.account_id AS VARCHAR) AS account_id,            -- the account
    CAST(o.changed_at AS TIMESTAMP) AS occurred_at,         -- when it was given over
    CAST(o.synced_at AS TIMESTAMP) AS ingested_at,          -- when the row arrived
    CAST(o.rep AS VARCHAR) AS rep                           -- the representative, as in reps.csv
FROM raw.account_owners AS o
