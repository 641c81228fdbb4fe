-- key:          identify_id
-- rows:         appended
-- availability: plan = outcome
-- pii:          email, first_name
--
-- One row per identify call: what a visitor said of itself then. Traits are those of that moment; the table of users holds
-- the last ones only and is not read. Of rows with one id the one received first counts.
SELECT
    'rudderstack:' || CAST(i.id AS VARCHAR) AS identify_id,                     -- the call
    CAST(i.timestamp AS TIMESTAMP) AS occurred_at,                          -- when it was made, by the corrected clock
    CAST(i.received_at AS TIMESTAMP) AS ingested_at,                        -- when RudderStack received it
    'rudderstack:' || CAST(i.anonymous_id AS VARCHAR) AS anonymous_id,          -- the browser; NULL from a server
    'rudderstack:' || CAST(i.user_id AS VARCHAR) AS user_id,                    -- the user; NULL before there is one
    LOWER(TRIM(CAST(i.email AS VARCHAR))) AS email,                         -- address, without blanks, in lower case
    CAST(i.first_name AS VARCHAR) AS first_name,                            -- name given
    CAST(i.company AS VARCHAR) AS company_name,                             -- company as the visitor wrote it
    CAST(i.plan AS VARCHAR) AS plan                                         -- what it pays for
FROM raw.rudderstack_identifies AS i
