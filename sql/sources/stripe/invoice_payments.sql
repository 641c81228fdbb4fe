-- key:          payment_id
-- frozen:       id, customer_id, currency, amount_paid, status_transitions_paid_at, livemode, is_deleted
-- assumed:      ingested_at is occurred_at + INTERVAL 3 HOUR
-- availability: account_id = outcome, amount_paid = outcome
--
-- One row per invoice paid, when it was. The invoice of a trial is paid by 0: no sign of a customer, nor is a credit.
SELECT
    'stripe:' || CAST(i.id AS VARCHAR) AS payment_id,                       -- the invoice, which is paid once
    CAST(i.status_transitions_paid_at AS TIMESTAMP) AS occurred_at,         -- when it was paid
    CAST(i.status_transitions_paid_at AS TIMESTAMP) AS ingested_at,         -- assumed
    'stripe:' || CAST(i.id AS VARCHAR) AS invoice_id,                       -- the invoice
    'stripe:' || CAST(i.customer_id AS VARCHAR) AS account_id,              -- the customer
    CAST(CAST(i.amount_paid AS DECIMAL(18, 0)) / CASE
        WHEN LOWER(i.currency) IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf')
            THEN 1
        WHEN LOWER(i.currency) IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 1000
        ELSE 100
    END AS DECIMAL(18, 3)) AS amount_paid,                                  -- amount, in `currency`
    CAST(i.currency AS VARCHAR) AS currency                                 -- three letters
FROM raw.stripe_invoice AS i
WHERE i.customer_id IS NOT NULL AND i.status_transitions_paid_at IS NOT NULL
    AND CAST(i.livemode AS BOOLEAN) AND NOT COALESCE(CAST(i.is_deleted AS BOOLEAN), FALSE)
