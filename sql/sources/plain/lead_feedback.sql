-- key:          feedback_id
-- rows:         appended
-- availability: feedback_id = sales_touch, actor = sales_touch, kind = sales_touch, value = sales_touch, reason = sales_touch, expires_at = sales_touch
--
-- One row per word of a sales representative about a lead.
SELECT
    CAST(f.feedback_id AS VARCHAR) AS feedback_id,          -- id of the feedback
    CAST(f.given_at AS TIMESTAMP) AS occurred_at,           -- when it was given
    CAST(f.synced_at AS TIMESTAMP) AS ingested_at,          -- when the row arrived
    CAST(f.lead_id AS VARCHAR) AS lead_id,                  -- the lead
    CAST(f.actor AS VARCHAR) AS actor,                      -- who gave it
    CAST(f.kind AS VARCHAR) AS kind,                        -- accepted, rejected, bad_fit, urgent, override
    CAST(f.value AS VARCHAR) AS value,                      -- the tier asked for by an override
    CAST(f.reason AS VARCHAR) AS reason,                    -- in the representative's words
    CAST(f.expires_at AS TIMESTAMP) AS expires_at           -- until when it holds; NULL without end
FROM raw.lead_feedback AS f
