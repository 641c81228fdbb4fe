-- key:  submission_id
-- rows: appended
--
-- What was stated in a demo request: the properties of the event demo_requested, which stand in a table of its own under the
-- id that the track call has. A column comes to be with its first value and takes its type, so text that is no JSON may
-- stand where a list was meant.
SELECT
    'segment:' || CAST(d.id AS VARCHAR) AS submission_id,                   -- the track call
    CAST(d.timestamp AS TIMESTAMP) AS occurred_at,                          -- when it was sent, by the corrected clock
    CAST(d.received_at AS TIMESTAMP) AS ingested_at,                        -- when Segment received it
    'segment:' || CAST(d.anonymous_id AS VARCHAR) AS anonymous_id,          -- the browser; NULL where not said
    CAST(d.form_id AS VARCHAR) AS form_id,                                  -- the form
    CAST(d.company_size AS VARCHAR) AS company_size,                        -- as stated: a band, or a number
    CAST(JSON_ARRAY_LENGTH(TRY_CAST(d.products AS JSON)) AS BIGINT)
        AS products_named                                                   -- how many products it names; NULL where unreadable
FROM raw.segment_demo_requested AS d
