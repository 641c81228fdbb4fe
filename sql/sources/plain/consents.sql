-- key:  consent_id
-- rows: appended
--
-- One row per word of a lead on what may be done with their data. Of one purpose the newest known counts.
SELECT
    CAST(c.consent_id AS VARCHAR) AS consent_id,            -- id of the record
    CAST(c.given_at AS TIMESTAMP) AS occurred_at,           -- when it was said
    CAST(c.synced_at AS TIMESTAMP) AS ingested_at,          -- when the row arrived
    CAST(c.lead_id AS VARCHAR) AS lead_id,                  -- the lead
    CAST(c.purpose AS VARCHAR) AS purpose,                  -- what for: marketing, profiling
    CAST(c.status AS VARCHAR) AS status                     -- granted, denied, withdrawn
FROM raw.consents AS c
