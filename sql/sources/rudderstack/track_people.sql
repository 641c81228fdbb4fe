-- key:   event_id
-- rows:  appended
-- joins: identities
-- pii:   person
--
-- Whose track call it was, as soon as that is known: the user it names itself; else who the browser was, the person of the last
-- identify call before it, or of the first one after. Who it was by what was known first stays.
SELECT
    'rudderstack:' || CAST(t.id AS VARCHAR) AS event_id,                        -- the track call
    CAST(t.timestamp AS TIMESTAMP) AS occurred_at,                          -- when it happened, by the corrected clock
    CAST(t.received_at AS TIMESTAMP) AS ingested_at,                        -- when RudderStack received it
    i.linked_at > CAST(t.timestamp AS TIMESTAMP) AS is_linked_later,        -- TRUE where the browser was identified afterwards
    ABS(DATE_DIFF('millisecond', i.linked_at, CAST(t.timestamp AS TIMESTAMP)))
        AS link_distance_ms,                                                -- between the two
    i.person AS person                                                      -- the user, else the address
FROM raw.rudderstack_tracks AS t
JOIN staging.identities AS i
    ON  i.identity = COALESCE(
        'rudderstack:user:' || CAST(t.user_id AS VARCHAR), 'rudderstack:browser:' || CAST(t.anonymous_id AS VARCHAR)
    )
