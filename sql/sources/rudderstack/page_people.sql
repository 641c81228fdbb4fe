-- key:   event_id
-- rows:  appended
-- joins: identities
-- pii:   person
--
-- Whose page call it was, as soon as that is known: the user it names itself; else who the browser was, the person of the last
-- identify call before it, or of the first one after. Who it was by what was known first stays.
SELECT
    'rudderstack:' || CAST(p.id AS VARCHAR) AS event_id,                        -- the page call
    CAST(p.timestamp AS TIMESTAMP) AS occurred_at,                          -- when it happened, by the corrected clock
    CAST(p.received_at AS TIMESTAMP) AS ingested_at,                        -- when RudderStack received it
    i.linked_at > CAST(p.timestamp AS TIMESTAMP) AS is_linked_later,        -- TRUE where the browser was identified afterwards
    ABS(DATE_DIFF('millisecond', i.linked_at, CAST(p.timestamp AS TIMESTAMP)))
        AS link_distance_ms,                                                -- between the two
    i.person AS person                                                      -- the user, else the address
FROM raw.rudderstack_pages AS p
JOIN staging.identities AS i
    ON  i.identity = COALESCE(
        'rudderstack:user:' || CAST(p.user_id AS VARCHAR), 'rudderstack:browser:' || CAST(p.anonymous_id AS VARCHAR)
    )
