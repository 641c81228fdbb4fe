-- key:     lead_id
-- frozen:  mql_id, first_contact_date, landing_page_id, origin
-- assumed: ingested_at is occurred_at
--
-- One row per marketing qualified lead, as it was at first contact. The day is all that is known of the moment, so a lead counts
-- from that day's last microsecond. The files tell no second clock: a lead is taken to be known as soon as it is there.
SELECT
    CAST(l.mql_id AS VARCHAR) AS lead_id,                   -- Olist's id of the lead
    CAST(l.first_contact_date AS DATE) AS occurred_at,      -- day of first contact
    CAST(l.first_contact_date AS DATE) AS ingested_at,      -- the same: not recorded
    CAST(l.landing_page_id AS VARCHAR) AS landing_page_id,  -- page where the lead gave its address
    CAST(l.origin AS VARCHAR) AS origin                     -- channel that brought the lead: organic search, social, ...
FROM raw.marketing_qualified_leads AS l
