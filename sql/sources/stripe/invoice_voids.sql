-- key:          invoice_id
-- frozen:       id, status_transitions_voided_at, livemode
-- assumed:      ingested_at is occurred_at + INTERVAL 3 HOUR
-- availability: invoice_id = outcome
--
-- One row per invoice taken back, when it was.
SELECT
    'stripe:' || CAST(i.id AS VARCHAR) AS invoice_id,                       -- the invoice
    CAST(i.status_transitions_voided_at AS TIMESTAMP) AS occurred_at,       -- when it was voided
    CAST(i.status_transitions_voided_at AS TIMESTAMP) AS ingested_at        -- assumed
FROM raw.stripe_invoice AS i
WHERE i.status_transitions_voided_at IS NOT NULL AND CAST(i.livemode AS BOOLEAN)
