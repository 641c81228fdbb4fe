-- key:    invoice_id
-- frozen: invoice_id, account_id, subscription_id, total, currency, issued_at, synced_at
--
-- One row per invoice, when it was issued; whether it was paid is a log of its own. Trials are invoiced too, at 0.
SELECT
    CAST(i.invoice_id AS VARCHAR) AS invoice_id,            -- id of the invoice
    CAST(i.issued_at AS TIMESTAMP) AS occurred_at,          -- when it was issued
    CAST(i.synced_at AS TIMESTAMP) AS ingested_at,          -- when the row first arrived
    CAST(i.account_id AS VARCHAR) AS account_id,            -- the account
    CAST(i.subscription_id AS VARCHAR) AS subscription_id,  -- the subscription
    CAST(i.total AS DECIMAL(18, 2)) AS total,               -- amount due, in `currency`
    CAST(i.currency AS VARCHAR) AS currency                 -- three letters
FROM raw.invoices AS i
