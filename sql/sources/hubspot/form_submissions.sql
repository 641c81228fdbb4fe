-- key:  submission_id
-- rows: appended
--
-- One row per form sent. The type is told by the title the form had when it was sent, which a rename does not change; a
-- project that knows its forms better tells it by form_id.
SELECT
    'hubspot:' || CAST(f.conversion_id AS VARCHAR) AS submission_id,        -- the submission
    CAST(f.timestamp AS TIMESTAMP) AS occurred_at,                          -- when it was sent
    CAST(f._fivetran_synced AS TIMESTAMP) AS ingested_at,                   -- when the row arrived
    'hubspot:' || CAST(f.contact_id AS VARCHAR) AS lead_id,                 -- the contact; NULL where unknown
    CASE
        WHEN REGEXP_MATCHES(LOWER(f.title), 'demo') THEN 'demo_request'
        WHEN REGEXP_MATCHES(LOWER(f.title), 'pricing|price|contact|quote') THEN 'contact'
        WHEN REGEXP_MATCHES(LOWER(f.title), 'newsletter|subscri') THEN 'newsletter'
        WHEN REGEXP_MATCHES(LOWER(f.title), 'webinar|event') THEN 'webinar'
        ELSE 'download'
    END AS form_type,                                                       -- demo_request, contact, newsletter, download, webinar
    CAST(f.page_url AS VARCHAR) AS url,                                     -- the page the form is on
    CAST(NULL AS BIGINT) AS employees_stated,                               -- not in this table
    CAST(NULL AS BOOLEAN) AS budget_stated,                                 -- not in this table
    CAST(f.form_id AS VARCHAR) AS form_id                                   -- the form
FROM raw.hubspot_contact_form_submission AS f
