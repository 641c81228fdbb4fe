-- owner: growth
-- grain: one row per lead
--
-- How fast each lead goes through the funnel: created, known, scored, hot, opportunity, closed.
WITH scored AS (
    SELECT
        h.lead_id,
        MIN(h.written_at) AS first_scored_at,
        MIN(h.written_at) FILTER (WHERE h.tier = 'hot') AS first_hot_at
    FROM scores.history AS h
    WHERE h.role = 'champion'
    GROUP BY h.lead_id
),
opportunities AS (
    SELECT
        o.lead_id,
        MIN(o.occurred_at) AS opportunity_at,
        MIN(c.occurred_at) AS closed_at,
        BOOL_OR(c.is_won) AS is_won
    FROM staging.opportunities AS o
    LEFT JOIN staging.opportunity_closings AS c
        ON  c.opportunity_id = o.opportunity_id
    GROUP BY o.lead_id
)
SELECT
    l.lead_id AS lead_id,                                                 -- the lead
    l.occurred_at AS created_at,                                          -- when it was created
    l.ingested_at AS known_at,                                            -- when the warehouse knew it
    s.first_scored_at AS first_scored_at,                                 -- when its first score was written
    DATE_DIFF('minute', l.ingested_at, s.first_scored_at) / 60.0 AS hours_to_score,  -- from known to scored; by the wall clock, so that scores of a backfill are late
    s.first_hot_at AS first_hot_at,                                       -- when it was first hot
    o.opportunity_at AS opportunity_at,                                   -- when its first opportunity was created
    DATE_DIFF('hour', l.occurred_at, o.opportunity_at) / 24.0 AS days_to_opportunity,  -- from created
    o.closed_at AS closed_at,                                             -- when an opportunity of it was first closed
    DATE_DIFF('hour', o.opportunity_at, o.closed_at) / 24.0 AS days_to_close,  -- from opportunity to closed
    o.is_won AS is_won                                                    -- TRUE if any was won; NULL while none is closed
FROM staging.leads AS l
LEFT JOIN scored AS s
    ON  s.lead_id = l.lead_id
LEFT JOIN opportunities AS o
    ON  o.lead_id = l.lead_id
