-- key:  subscription_id, occurred_at
-- rows: appended
--
-- One row per change of a subscription; the version in force is the latest known.
SELECT
    CAST(s.subscription_id AS VARCHAR) AS subscription_id,  -- id of the subscription
    CAST(s.changed_at AS TIMESTAMP) AS occurred_at,         -- when it began or changed
    CAST(s.synced_at AS TIMESTAMP) AS ingested_at,          -- when the change arrived
    CAST(s.account_id AS VARCHAR) AS account_id,            -- the account
    CAST(s.plan AS VARCHAR) AS plan,                        -- trial, team, business, enterprise
    CAST(s.status AS VARCHAR) AS status,                    -- trialing, active, canceled
    CAST(s.mrr AS DECIMAL(18, 2)) AS mrr                    -- recurring revenue a month, USD
FROM raw.subscriptions AS s
