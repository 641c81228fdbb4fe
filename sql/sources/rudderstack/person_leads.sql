-- key:   person, lead_id
-- rows:  appended
-- joins: leads
-- pii:   person
--
-- One row per person and lead that it turned out to be: by the identify call with the lead's address that was known first. It
-- counts from the later of the two on, the call and the lead.
SELECT
    COALESCE('rudderstack:user:' || CAST(i.user_id AS VARCHAR), 'rudderstack:mail:' || LOWER(TRIM(CAST(i.email AS VARCHAR))))
        AS person,                                                          -- the user, else the address
    CAST(i.timestamp AS TIMESTAMP) AS occurred_at,                          -- when the identify call was made
    CAST(i.received_at AS TIMESTAMP) AS ingested_at,                        -- when RudderStack received it
    l.lead_id AS lead_id,                                                   -- the lead with that address
    CAST(i.timestamp AS TIMESTAMP) AS linked_at                             -- when the call was made
FROM raw.rudderstack_identifies AS i
JOIN staging.leads AS l
    ON  LOWER(TRIM(l.email)) = LOWER(TRIM(CAST(i.email AS VARCHAR)))
