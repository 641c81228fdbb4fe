-- key:   submission_id
-- rows:  appended
-- joins: track_people, person_leads
--
-- One row per form a lead sent, told by the event's slug: demo_requested, contact_submitted, newsletter_subscribed,
-- webinar_registered, document_downloaded and the like. Other events are product_events. Where the CRM has the same forms
-- they would count twice: leave one of them out under `[sources] without`.
SELECT
    'rudderstack:' || CAST(t.id AS VARCHAR) AS submission_id,                   -- the track call
    CAST(t.timestamp AS TIMESTAMP) AS occurred_at,                          -- when it was sent, by the corrected clock
    CAST(t.received_at AS TIMESTAMP) AS ingested_at,                        -- when RudderStack received it
    l.linked_at AS linked_at,                                               -- since when the person says it is the lead
    l.lead_id AS lead_id,                                                   -- the lead
    CASE
        WHEN REGEXP_MATCHES(t.event, '(^|_)demo(_|$)') THEN 'demo_request'
        WHEN REGEXP_MATCHES(t.event, '(^|_)newsletter(_|$)|(^|_)subscribed?(_|$)') THEN 'newsletter'
        WHEN REGEXP_MATCHES(t.event, '(^|_)webinar(_|$)') THEN 'webinar'
        WHEN REGEXP_MATCHES(t.event, '(^|_)download(ed)?(_|$)') THEN 'download'
        ELSE 'contact'
    END AS form_type,                                                       -- demo_request, contact, newsletter, download, webinar
    CAST(t.context_page_url AS VARCHAR) AS url,                             -- the page the form is on
    CAST(NULL AS BIGINT) AS employees_stated,                               -- a property, in the event's own table
    CAST(NULL AS BOOLEAN) AS budget_stated                                  -- a property, in the event's own table
FROM raw.rudderstack_tracks AS t
JOIN staging.track_people AS v
    ON  v.event_id = 'rudderstack:' || CAST(t.id AS VARCHAR)
JOIN staging.person_leads AS l
    ON  l.person = v.person
WHERE REGEXP_MATCHES(t.event, '(^|_)(form|demo|contact|quote|newsletter|subscribe|subscribed|webinar|download|downloaded)(_|$)')
