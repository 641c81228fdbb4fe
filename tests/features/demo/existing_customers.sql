-- at least 20
-- leads whose company had paid before they came
SELECT COUNT(DISTINCT l.lead_id) FROM leads AS l JOIN accounts AS a ON a.domain = SPLIT_PART(l.email, '@', 2) JOIN invoice_payments AS p ON p.account_id = a.account_id WHERE p.amount_paid > 0 AND p.paid_at < l.created_at
