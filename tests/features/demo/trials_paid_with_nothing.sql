-- at least 100
-- payments of 0 for a trial, which make nobody a customer
SELECT COUNT(*) FROM invoice_payments AS p WHERE p.amount_paid = 0
