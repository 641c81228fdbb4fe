-- key:  event_id
-- rows: appended
--
-- One row per track call, whoever made it. Events are told apart by their slug: one slug may have several spellings.
SELECT
    'rudderstack:' || CAST(t.id AS VARCHAR) AS event_id,                        -- the track call
    CAST(t.timestamp AS TIMESTAMP) AS occurred_at,                          -- when it happened, by the corrected clock
    CAST(t.received_at AS TIMESTAMP) AS ingested_at,                        -- when RudderStack received it
    'rudderstack:' || CAST(t.anonymous_id AS VARCHAR) AS anonymous_id,          -- the browser; NULL from a server
    'rudderstack:' || CAST(t.user_id AS VARCHAR) AS user_id,                    -- the user; NULL before there is one
    CAST(t.event AS VARCHAR) AS event                                       -- slug of the event's name
FROM raw.rudderstack_tracks AS t
