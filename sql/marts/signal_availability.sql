-- owner: growth
-- grain: one row per feature and as_of
--
-- For how many leads each feature is known, at every as_of: a share that falls is a source that went quiet.
WITH counts AS (
    SELECT
        f.as_of,
        COUNT(*) AS leads,
        COUNT(COLUMNS(f.* EXCLUDE (lead_id, as_of)))
    FROM features.lead_features AS f
    GROUP BY f.as_of
),
long AS (
    UNPIVOT counts ON COLUMNS(* EXCLUDE (as_of, leads)) INTO NAME feature VALUE known
)
SELECT
    l.as_of AS as_of,                                                     -- the moment
    l.feature AS feature,                                                 -- the column of features.lead_features
    l.leads AS leads,                                                     -- at the moment
    l.known AS known,                                                     -- of them with a value
    l.known / NULLIF(l.leads, 0) AS share_known                           -- known by leads
FROM long AS l
