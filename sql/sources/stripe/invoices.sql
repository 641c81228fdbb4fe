-- key:          invoice_id
-- frozen:       id, customer_id, subscription_id, currency, total, status_transitions_finalized_at, livemode, is_deleted
-- assumed:      ingested_at is occurred_at + INTERVAL 3 HOUR
-- availability: account_id = outcome, subscription_id = outcome, total = outcome
--
-- One row per invoice, when it was made final: from then its total is fixed. Whether it was paid is a log of its own. A
-- credit is negative. Drafts, test invoices and deleted ones are left out.
SELECT
    'stripe:' || CAST(i.id AS VARCHAR) AS invoice_id,                       -- the invoice
    CAST(i.status_transitions_finalized_at AS TIMESTAMP) AS occurred_at,    -- when it was made final
    CAST(i.status_transitions_finalized_at AS TIMESTAMP) AS ingested_at,    -- assumed
    'stripe:' || CAST(i.customer_id AS VARCHAR) AS account_id,              -- the customer
    'stripe:' || CAST(i.subscription_id AS VARCHAR) AS subscription_id,     -- the subscription
    CAST(CAST(i.total AS DECIMAL(18, 0)) / CASE
        WHEN LOWER(i.currency) IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf')
            THEN 1
        WHEN LOWER(i.currency) IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 1000
        ELSE 100
    END AS DECIMAL(18, 3)) AS total,                                        -- amount due with tax, in `currency`
    CAST(i.currency AS VARCHAR) AS currency                                 -- three letters
FROM raw.stripe_invoice AS i
WHERE i.customer_id IS NOT NULL AND i.status_transitions_finalized_at IS NOT NULL
    AND CAST(i.livemode AS BOOLEAN) AND NOT COALESCE(CAST(i.is_deleted AS BOOLEAN), FALSE)
