-- key:          lead_id, occurred_at
-- rows:         appended
-- availability: status = sales_touch, rating = sales_touch, owner_is_queue = sales_touch, is_converted = outcome, winner_id = event
--
-- One row per change of a lead that `leadmart snapshot` saw; the version in force is the latest known, and a deletion is a
-- change too. Before the first look nothing is known.
SELECT
    'salesforce:' || LEFT(CAST(l.id AS VARCHAR), 15) AS lead_id,            -- the lead
    l._changed_at AS occurred_at,                                           -- when it changed
    l._loaded_at AS ingested_at,                                            -- when the change was seen
    NULLIF(CAST(l.company AS VARCHAR), '[not provided]') AS company_name,   -- company; NULL where Salesforce filled it in
    CAST(l.title AS VARCHAR) AS title,                                      -- title
    CAST(l.country AS VARCHAR) AS country,                                  -- country
    CAST(l.industry AS VARCHAR) AS industry,                                -- industry
    CAST(l.number_of_employees AS BIGINT) AS employees,                     -- head count
    CAST(l.status AS VARCHAR) AS status,                                    -- set by sales
    CAST(l.rating AS VARCHAR) AS rating,                                    -- set by sales
    CAST(l.owner_id AS VARCHAR) LIKE '00G%' AS owner_is_queue,              -- TRUE where nobody works it yet
    CAST(l.has_opted_out_of_email AS BOOLEAN) AS has_opted_out,             -- TRUE where mail is not wanted
    CAST(l.is_converted AS BOOLEAN) AS is_converted,                        -- TRUE once it is a contact
    'salesforce:' || LEFT(CAST(l.master_record_id AS VARCHAR), 15) AS winner_id,   -- the lead it was merged into
    (l._deleted OR COALESCE(CAST(l.is_deleted AS BOOLEAN), FALSE))
        AS is_deleted                                                       -- TRUE from the row on that deletes it
FROM raw.salesforce_lead__changes AS l
