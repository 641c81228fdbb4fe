-- key:  submission_id
-- rows: appended
--
-- One row per form sent.
SELECT
    CAST(f.submission_id AS VARCHAR) AS submission_id,      -- id of the submission
    CAST(f.submitted_at AS TIMESTAMP) AS occurred_at,       -- when it was sent
    CAST(f.synced_at AS TIMESTAMP) AS ingested_at,          -- when the row arrived
    CAST(f.lead_id AS VARCHAR) AS lead_id,                  -- the lead
    CAST(f.form_type AS VARCHAR) AS form_type,              -- demo_request, contact, newsletter, download, webinar
    CAST(f.url AS VARCHAR) AS url,                          -- the page the form is on
    CAST(f.employees_stated AS BIGINT) AS employees_stated, -- head count as the lead stated it
    CAST(f.budget_stated AS BOOLEAN) AS budget_stated       -- TRUE if the lead says there is a budget; NULL where the form does not ask
FROM raw.form_submissions AS f
