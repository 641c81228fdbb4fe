-- What the leads do, and when it brings them to an opportunity.

CREATE TABLE burst_start AS
SELECT l.n, 'arrival' AS kind, 0 AS burst, l.created_w AS at_w, l.arrival
FROM lead AS l
UNION ALL
SELECT s.n, s.kind, s.burst, s.created_w + s.decay * waiting('start ' || s.kind, s.n * 64 + s.burst), NULL
FROM (
    SELECT l.n, l.created_w, b.kind, b.decay::DOUBLE AS decay, UNNEST(RANGE(1, 1 + drawn(k.cumulative, chance('bursts ' || b.kind, l.n)))) AS burst
    FROM lead AS l
    JOIN burst_count AS k ON k.interest = l.interest
    JOIN burst AS b ON b.kind = k.kind
    WHERE CASE b.kind WHEN 'careers' THEN l.role = 'job_seeker' WHEN 'mail' THEN l.is_mailable ELSE TRUE END
) AS s;

-- every signal that would be, were there no opportunity: the start of each burst and what follows it
CREATE TABLE place AS
SELECT d.n, d.kind, d.burst, d.place, d.key, d.at_w, d.arrival, chance('signal ' || d.kind, d.key) AS u
FROM (
    SELECT s.n, s.kind, s.burst, 0 AS place, (s.n * 64 + s.burst) * 32 AS key, s.at_w, s.arrival
    FROM burst_start AS s
    UNION ALL
    SELECT g.n, g.kind, g.burst, g.place, g.key + g.place, g.at_w + g.gap * waiting('gap ' || g.kind, g.key + g.place), NULL
    FROM (
        SELECT s.n, s.kind, s.burst, s.at_w, c.gap::DOUBLE AS gap, (s.n * 64 + s.burst) * 32 AS key,
            UNNEST(RANGE(1, 1 + drawn(k.cumulative, chance('more ' || s.kind, s.n * 64 + s.burst)))) AS place
        FROM burst_start AS s
        JOIN more_count AS k ON k.kind = s.kind
        CROSS JOIN constant AS c CROSS JOIN frame AS f
        WHERE s.at_w < f.until_w) AS g
) AS d
CROSS JOIN frame AS f
JOIN lead AS l ON l.n = d.n
WHERE d.at_w < f.until_w
  AND (d.kind <> 'mail' OR d.at_w < l.unsubscribed_w);

CREATE TABLE possible AS
SELECT p.n, p.kind, p.burst, p.place, p.key, p.at_w, m.signal, m.weight::DOUBLE AS weight
FROM place AS p
JOIN (SELECT *, low::DOUBLE AS from_u, high::DOUBLE AS to_u FROM mix) AS m
    ON  m.kind = p.kind
    AND m.is_first = (p.place = 0)
    AND m.arrival IS NOT DISTINCT FROM p.arrival
    AND p.u >= m.from_u AND p.u < m.to_u;

-- the opportunity: the earliest of the base's arrival and of each signal's
CREATE TABLE outcome AS
SELECT
    l.n,
    LEAST(l.created_w + waiting('base', l.n) / (c.base * l.fit), MIN(a.at_w)) AS converted_w
FROM lead AS l
CROSS JOIN constant AS c
LEFT JOIN (
    SELECT p.n, p.at_w - c.tau * LN(1 - w.wait / (l.fit * p.weight)) AS at_w
    FROM possible AS p
    JOIN lead AS l ON l.n = p.n
    CROSS JOIN constant AS c
    CROSS JOIN LATERAL (SELECT waiting('pull ' || p.kind, p.key) AS wait) AS w
    WHERE w.wait < l.fit * p.weight
) AS a ON a.n = l.n
GROUP BY l.n, l.created_w, l.fit, c.base;

-- what is seen: after the opportunity sales talk to the lead, so that most of its own traces end
CREATE TABLE seen AS
SELECT
    p.n, p.kind, p.burst, p.place, p.at_w, p.signal, p.weight,
    p.n || '-' || p.kind || '-' || p.burst || '-' || p.place AS key,
    on_clock(p.at_w) AS at
FROM possible AS p
JOIN outcome AS o ON o.n = p.n
WHERE p.at_w <= o.converted_w
   OR chance('after ' || p.kind, p.key) < CASE p.kind WHEN 'trial' THEN 0.8 WHEN 'form' THEN 0.1 ELSE 0.3 END;
