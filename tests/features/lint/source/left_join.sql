-- key:  call_id
-- rows: appended
-- joins: contacts
--
-- Calls of a person.
SELECT
    CAST(c.id AS VARCHAR) AS call_id,                   -- its id
    CAST(c.called_at AS TIMESTAMP) AS occurred_at,      -- when
    CAST(c.synced_at AS TIMESTAMP) AS ingested_at,
    CAST(i.lead_id AS VARCHAR) AS lead_id               -- the lead
FROM raw.calls AS c
LEFT JOIN staging.contacts AS i
    ON  i.email = c.email
-- expect: join_not_said
