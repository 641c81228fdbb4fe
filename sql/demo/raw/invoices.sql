-- key:   invoice_id
-- again: is_paid = TRUE
--
-- One invoice a month, and one of 0 for a trial. `is_paid` is overwritten in place.
SELECT
    i.invoice_id, i.account_id, i.subscription_id, i.total, 'USD' AS currency, on_clock(i.at_w) AS issued_at,
    arrival('invoices', i.invoice_id, on_clock(i.at_w), 180) AS synced_at,
    COALESCE(i.paid_w < f.until_w, FALSE) AS is_paid
FROM invoice AS i CROSS JOIN frame AS f
