-- key:   event_id
-- rows:  appended
-- joins: track_people, person_leads
--
-- One row per thing a lead did, told by the event's slug; forms are form_submissions. Properties stand in a table of each
-- event's own.
SELECT
    'rudderstack:' || CAST(t.id AS VARCHAR) AS event_id,                        -- the track call
    CAST(t.timestamp AS TIMESTAMP) AS occurred_at,                          -- when it happened, by the corrected clock
    CAST(t.received_at AS TIMESTAMP) AS ingested_at,                        -- when RudderStack received it
    l.linked_at AS linked_at,                                               -- since when the person says it is the lead
    l.lead_id AS lead_id,                                                   -- the lead
    CASE
        WHEN REGEXP_MATCHES(t.event, '(^|_)integration(_|$)') THEN 'integration_attempted'
        WHEN REGEXP_MATCHES(t.event, '(^|_)feature(_|$)') THEN 'feature_used'
        WHEN REGEXP_MATCHES(t.event, '(^|_)trial_(started|start|created)(_|$)') THEN 'trial_started'
        WHEN REGEXP_MATCHES(t.event, '(^|_)invite(d|_sent)?(_|$)') THEN 'invite_sent'
        ELSE CAST(t.event AS VARCHAR)
    END AS event_type,                                                      -- trial_started, feature_used, invite_sent, integration_attempted, …
    CASE WHEN REGEXP_MATCHES(t.event, '(^|_)(integration|feature)(_|$)') THEN CAST(t.event AS VARCHAR) END
        AS feature                                                          -- the slug, for want of a property
FROM raw.rudderstack_tracks AS t
JOIN staging.track_people AS v
    ON  v.event_id = 'rudderstack:' || CAST(t.id AS VARCHAR)
JOIN staging.person_leads AS l
    ON  l.person = v.person
WHERE NOT REGEXP_MATCHES(t.event, '(^|_)(form|demo|contact|quote|newsletter|subscribe|subscribed|webinar|download|downloaded)(_|$)')
