-- key:          contact_id, occurred_at
-- rows:         appended
-- availability: contact_id = outcome, account_id = outcome, title = outcome
--
-- One row per change of a contact that `leadmart snapshot` saw; a deletion is a change too.
SELECT
    'salesforce:' || LEFT(CAST(c.id AS VARCHAR), 15) AS contact_id,         -- the contact
    c._changed_at AS occurred_at,                                           -- when it changed
    c._loaded_at AS ingested_at,                                            -- when the change was seen
    'salesforce:' || LEFT(CAST(c.account_id AS VARCHAR), 15) AS account_id, -- its account
    CAST(c.title AS VARCHAR) AS title,                                      -- title
    'salesforce:' || LEFT(CAST(c.master_record_id AS VARCHAR), 15) AS winner_id,   -- the contact it was merged into
    (c._deleted OR COALESCE(CAST(c.is_deleted AS BOOLEAN), FALSE))
        AS is_deleted                                                       -- TRUE from the row on that deletes it
FROM raw.salesforce_contact__changes AS c
