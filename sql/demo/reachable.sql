-- The true chance, at each pair's as_of, of an opportunity within the horizon: from the hazard and from all that had happened by
-- then, with what is yet to happen averaged out. Relations: truth, pairs (lead_id, as_of); variable horizon (days).
--
-- No arrival from a sum of independent parts has the product of their chances:
--   base                EXP(-fit * base * h)
--   each past signal    EXP(-fit * weight * (EXP(-a / tau) - EXP(-(a + h) / tau)))           a = its age
--   each past burst     EXP(-more * EXP(-a / gap) * (1 - L_next(h)))                         what is still to follow
--   each kind of burst  EXP(-expected / decay * EXP(-age / decay) * INTEGRAL over the horizon)  bursts yet to start
-- where L(g) = SUM over the mix of share * EXP(-fit * weight * (1 - EXP(-g / tau))): a signal with g days left brings nothing.
-- The integral is a sum over slots of a sixtieth of the horizon, for each fit that occurs.
WITH fits AS (
    SELECT DISTINCT t.fit FROM truth AS t SEMI JOIN pairs AS p ON p.lead_id = t.lead_id
),
slot AS (
    SELECT i.i, (i.i + 0.5) * h.h / 60 AS at, h.h / 60 AS width, h.h
    FROM (SELECT UNNEST(RANGE(60)) AS i) AS i, (SELECT GETVARIABLE('horizon')::DOUBLE AS h) AS h
),
nothing_yet AS (                                            -- L of first and next signals, at the left-over days of each slot
    SELECT f.fit, s.i, m.kind, m.is_first,
        SUM(m.share::DOUBLE * EXP(-f.fit * m.weight::DOUBLE * (1 - EXP(
            -GREATEST(s.h - s.at - CASE WHEN m.is_first THEN 0 ELSE c.gap::DOUBLE END, 0) / c.tau::DOUBLE)))) AS chance
    FROM fits AS f, slot AS s, constant AS c, mix AS m
    WHERE m.arrival IS NULL
    GROUP BY f.fit, s.i, m.kind, m.is_first
),
yet_to_start AS (
    SELECT a.fit, b.kind,
        SUM(s.width * EXP(-s.at / b.decay::DOUBLE - CASE WHEN b.kind = 'mail' THEN s.at / 2000 ELSE 0 END)
            * (1 - a.chance * EXP(-b.more::DOUBLE * (1 - n.chance)))) / b.decay::DOUBLE AS pull
    FROM nothing_yet AS a
    JOIN nothing_yet AS n ON n.fit = a.fit AND n.i = a.i AND n.kind = a.kind AND NOT n.is_first
    JOIN slot AS s ON s.i = a.i
    JOIN burst AS b ON b.kind = a.kind
    WHERE a.is_first
    GROUP BY a.fit, b.kind, b.decay
),
still_to_follow AS (                                        -- a burst that has begun: nearly the whole horizon is left
    SELECT n.fit, n.kind, b.more::DOUBLE * (1 - n.chance) AS pull
    FROM nothing_yet AS n JOIN burst AS b ON b.kind = n.kind
    WHERE n.i = 0 AND NOT n.is_first
),
pull AS (                                                   -- one row a fit: kind -> pull
    SELECT y.fit, MAP_FROM_ENTRIES(LIST((y.kind, y.pull))) AS starts, ANY_VALUE(f.follows) AS follows
    FROM yet_to_start AS y
    JOIN (SELECT s.fit, MAP_FROM_ENTRIES(LIST((s.kind, s.pull))) AS follows FROM still_to_follow AS s GROUP BY s.fit) AS f ON f.fit = y.fit
    GROUP BY y.fit
),
moment AS (
    SELECT p.lead_id, p.as_of, in_world(p.as_of) AS now_w, in_world(p.as_of + TO_MICROSECONDS((GETVARIABLE('horizon') * 86400000000)::BIGINT)) AS end_w
    FROM pairs AS p
),
past AS (
    SELECT m.lead_id, m.as_of,
        SUM(g.s.weight * (EXP(-(m.now_w - g.s.at_w) / c.tau::DOUBLE) - EXP(-(m.end_w - g.s.at_w) / c.tau::DOUBLE))) AS signals,
        SUM(CASE WHEN g.s.is_first THEN EXP(-(m.now_w - g.s.at_w) / c.gap::DOUBLE) * f.follows[g.s.kind] END) AS bursts
    FROM moment AS m
    JOIN (SELECT t.lead_id, t.fit, UNNEST(t.signals) AS s FROM truth AS t SEMI JOIN pairs AS p ON p.lead_id = t.lead_id) AS g
        ON g.lead_id = m.lead_id AND g.s.at_w < m.now_w
    JOIN pull AS f ON f.fit = g.fit
    CROSS JOIN constant AS c
    GROUP BY m.lead_id, m.as_of
),
future AS (
    SELECT m.lead_id, m.as_of, SUM(b.expected::DOUBLE * i.factor::DOUBLE * EXP(-(m.now_w - t.created_w) / b.decay::DOUBLE) * f.starts[b.kind]) AS starts
    FROM moment AS m
    JOIN truth AS t ON t.lead_id = m.lead_id
    JOIN pull AS f ON f.fit = t.fit
    JOIN interest AS i ON i.interest = t.interest
    JOIN burst AS b
        ON CASE b.kind WHEN 'arrival' THEN FALSE WHEN 'careers' THEN t.role = 'job_seeker'
                       WHEN 'mail' THEN t.is_mailable AND t.unsubscribed_w > m.now_w ELSE TRUE END
    GROUP BY m.lead_id, m.as_of
)
SELECT
    m.lead_id,
    m.as_of,
    CASE WHEN t.created_w < m.now_w AND t.converted_w >= m.now_w
        THEN ROUND(1 - EXP(-t.fit * (c.base::DOUBLE * (m.end_w - m.now_w) + COALESCE(p.signals, 0)) - COALESCE(p.bursts, 0) - f.starts), 9)
    END AS p                                                -- NULL before the lead's creation and after its opportunity
FROM moment AS m
JOIN truth AS t ON t.lead_id = m.lead_id
JOIN future AS f ON f.lead_id = m.lead_id AND f.as_of = m.as_of
CROSS JOIN constant AS c
LEFT JOIN past AS p ON p.lead_id = m.lead_id AND p.as_of = m.as_of
ORDER BY m.lead_id, m.as_of
