-- key: payment_id
--
-- Payments: a trial's 0 is paid at once, which makes nobody a customer.
SELECT
    'y' || i.invoice_id AS payment_id, i.invoice_id, i.account_id, i.total AS amount_paid, 'USD' AS currency,
    on_clock(i.paid_w) AS paid_at,
    arrival('payments', i.invoice_id, on_clock(i.paid_w), 240) AS synced_at
FROM invoice AS i
WHERE i.paid_w IS NOT NULL
