-- key:   event_id
-- again: feature = LOWER(feature)
--
-- What leads do in a trial.
SELECT
    'p' || s.key AS event_id,
    FORMAT('L{:07d}', s.n) AS lead_id,
    s.signal AS event_type,
    CASE s.signal WHEN 'feature_used' THEN one_of(['import', 'dashboard', 'alerts', 'export', 'api', 'reports'], 'feature', s.key)
        WHEN 'integration_attempted' THEN one_of(['crm', 'mail', 'warehouse'], 'integration', s.key) END AS feature,
    s.at AS occurred_at,
    arrival('product', s.key, s.at, 90) AS synced_at
FROM seen AS s
WHERE s.kind = 'trial'
