-- key:        identity, occurred_at
-- rows:       appended
-- changes-of: person
-- pii:        person
--
-- One row per moment at which a browser, or a user, turned out to be another person than before: a user, or an address where
-- there is no user. A browser that several people use has several persons, one after the other; calls that say the
-- same again are dropped.
SELECT
    UNNEST(LIST_VALUE(
        COALESCE('segment:user:' || CAST(i.user_id AS VARCHAR), 'segment:browser:' || CAST(i.anonymous_id AS VARCHAR)),
        COALESCE('segment:browser:' || CAST(i.anonymous_id AS VARCHAR), 'segment:user:' || CAST(i.user_id AS VARCHAR))
    )) AS identity,                                                         -- the browser or the user
    CAST(i.timestamp AS TIMESTAMP) AS occurred_at,                          -- when the identify call was made
    CAST(i.received_at AS TIMESTAMP) AS ingested_at,                        -- when Segment received it
    COALESCE('segment:user:' || CAST(i.user_id AS VARCHAR), 'segment:mail:' || LOWER(TRIM(CAST(i.email AS VARCHAR))))
        AS person,                                                          -- the user, else the address
    CAST(i.timestamp AS TIMESTAMP) AS linked_at                             -- when the call was made
FROM raw.segment_identifies AS i
WHERE COALESCE(i.user_id, i.email) IS NOT NULL AND COALESCE(i.user_id, i.anonymous_id) IS NOT NULL
