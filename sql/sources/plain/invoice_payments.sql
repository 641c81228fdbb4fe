-- key:  payment_id
-- rows: appended
--
-- One row per payment of an invoice. An invoice of 0 is paid by a payment of 0: no sign of a customer.
SELECT
    CAST(p.payment_id AS VARCHAR) AS payment_id,            -- id of the payment
    CAST(p.paid_at AS TIMESTAMP) AS occurred_at,            -- when it was paid
    CAST(p.synced_at AS TIMESTAMP) AS ingested_at,          -- when the row arrived
    CAST(p.invoice_id AS VARCHAR) AS invoice_id,            -- the invoice
    CAST(p.account_id AS VARCHAR) AS account_id,            -- the account
    CAST(p.amount_paid AS DECIMAL(18, 2)) AS amount_paid,   -- amount, in `currency`
    CAST(p.currency AS VARCHAR) AS currency                 -- three letters
FROM raw.invoice_payments AS p
