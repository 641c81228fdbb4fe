-- Who the leads are. Variables: seed, leads, begin and until (TIMESTAMP).

CREATE TABLE frame AS
SELECT
    GETVARIABLE('leads')::BIGINT AS leads,
    in_world(GETVARIABLE('begin')::TIMESTAMP) AS begin_w,
    in_world(GETVARIABLE('until')::TIMESTAMP) AS until_w;

-- picks one row of a table with shares: the running total up to and including each row
CREATE TABLE source_pick AS SELECT *, SUM(share) OVER (ORDER BY source) AS high FROM source_fit;
CREATE TABLE seniority_pick AS SELECT *, SUM(share) OVER (ORDER BY seniority) AS high FROM seniority_fit;
CREATE TABLE role_pick AS SELECT *, SUM(share) OVER (ORDER BY role) AS high FROM role_fit;
CREATE TABLE size_pick AS SELECT *, SUM(share) OVER (ORDER BY low) AS high_share FROM size_fit;
CREATE TABLE industry_pick AS SELECT *, SUM(share) OVER (ORDER BY industry) AS high FROM industry_fit;

-- Colleagues: of the business leads, a part comes from accounts that send several. Those accounts stand in blocks of some sixty
-- days, so that colleagues come within weeks of each other and any number of leads is made in one pass.
CREATE TABLE person AS
SELECT
    n.n,
    FORMAT('L{:07d}', n.n) AS lead_id,
    f.begin_w + (f.until_w - f.begin_w) * (n.n - 1 + chance('created', n.n)) / f.leads AS created_w,
    r.role,
    r.factor::DOUBLE AS role_factor,
    s.source,
    s.medium,
    s.arrival,
    s.factor::DOUBLE AS source_factor,
    CASE WHEN chance('interest', n.n) < s.keen THEN 'keen'
         WHEN chance('interest', n.n) < s.keen + s.cool THEN 'cool' ELSE 'usual' END AS interest,
    t.seniority,
    t.factor::DOUBLE AS seniority_factor,
    CASE
        WHEN r.role = 'student' THEN one_of(['Student', 'PhD student', NULL, 'student, economics'], 'title', n.n)
        WHEN r.role = 'job_seeker' AND chance('open to work', n.n) < 0.5
            THEN one_of(['Job seeker', 'Open to work', 'Looking for new opportunities'], 'title', n.n)
        ELSE one_of(t.titles, 'title', n.n)
    END AS title,
    r.role IN ('prospect', 'denied', 'job_seeker') AND chance('free mail', n.n) < 0.11 AS is_free_mail,
    CASE
        WHEN r.role = 'student' OR (r.role IN ('prospect', 'denied', 'job_seeker') AND chance('free mail', n.n) < 0.11) THEN NULL
        WHEN r.role IN ('prospect', 'denied') AND chance('colleague', n.n) < 0.40
            THEN 1 + FLOOR((n.n - 1) / b.leads) * b.accounts + FLOOR(chance('which account', n.n) * b.accounts)
        ELSE f.leads + n.n
    END::BIGINT AS account_n,
    one_of(['US', 'US', 'GB', 'DE', 'FR'], 'country', n.n) AS country,
    one_of(['Ava', 'Ben', 'Carla', 'David', 'Elena', 'Farid', 'Grace', 'Hugo', 'Ines', 'Jonas', 'Kemi', 'Liam', 'Mei', 'Noah',
            'Olga', 'Priya', 'Quinn', 'Rosa', 'Sven', 'Tara'], 'first name', n.n) AS first_name,
    one_of(['Adler', 'Brown', 'Costa', 'Dubois', 'Evans', 'Fischer', 'Garcia', 'Hansen', 'Ito', 'Jensen', 'Khan', 'Lopez', 'Meyer',
            'Novak', 'Okafor', 'Patel', 'Rossi', 'Smith', 'Tanaka', 'Weber'], 'last name', n.n) AS last_name
FROM (SELECT UNNEST(RANGE(1, GETVARIABLE('leads')::BIGINT + 1)) AS n) AS n
CROSS JOIN frame AS f
CROSS JOIN (
    SELECT GREATEST(CEIL(g.leads * 60 / (g.until_w - g.begin_w)), 20) AS leads,
        GREATEST(CEIL(g.leads * 60 / (g.until_w - g.begin_w)), 20) // 9 AS accounts
    FROM frame AS g) AS b
JOIN role_pick AS r ON chance('role', n.n) >= r.high - r.share AND chance('role', n.n) < r.high
JOIN source_pick AS s ON chance('source', n.n) >= s.high - s.share AND chance('source', n.n) < s.high
JOIN seniority_pick AS t ON chance('seniority', n.n) >= t.high - t.share AND chance('seniority', n.n) < t.high;

-- The companies, from what their number and their first lead tell.
CREATE TABLE company AS
SELECT
    a.account_n,
    FORMAT('A{:07d}', a.account_n) AS account_id,
    a.role,
    a.first_w - CASE WHEN a.role = 'customer' THEN 130 + 400 * chance('customer since', a.account_n) ELSE 0.005 END AS known_w,
    a.first_w - CASE WHEN a.role = 'customer' THEN 100 + 400 * chance('customer since', a.account_n) END AS customer_w,
    one_of(['Bright', 'Blue', 'North', 'Quick', 'Silver', 'Open', 'Clear', 'Iron', 'Green', 'Solid', 'Prime', 'Swift'], 'company 1', a.account_n)
        || one_of(['forge', 'field', 'works', 'gate', 'stone', 'path', 'bridge', 'leaf', 'wave', 'peak', 'loop', 'mill'], 'company 2', a.account_n)
        AS stem,
    one_of([' Inc', ' Ltd', ' GmbH', '', ' Group', ' Labs'], 'company 3', a.account_n) AS suffix,
    z.band,
    CASE WHEN chance('size known', a.account_n) >= 0.04
        THEN ROUND(z.low * EXP(chance('employees', a.account_n) * LN(z.high / z.low)))::BIGINT END AS employees,
    CASE WHEN chance('grows', a.account_n) < 0.2 THEN a.first_w + 20 + 200 * chance('grows when', a.account_n) END AS grown_w,
    1.05 + 0.25 * chance('grows by', a.account_n) AS growth,
    CASE WHEN chance('renamed', a.account_n) < 0.03 THEN a.first_w + 10 + 200 * chance('renamed when', a.account_n) END AS renamed_w,
    CASE WHEN chance('deleted', a.account_n) < 0.01 THEN a.first_w + 60 + 200 * chance('deleted when', a.account_n) END AS deleted_w,
    i.industry,
    i.factor::DOUBLE AS industry_factor,
    a.country
FROM (
    SELECT p.account_n, MIN(p.created_w) AS first_w, MIN(p.role) FILTER (WHERE p.role <> 'denied') AS role, ARG_MIN(p.country, p.n) AS country
    FROM person AS p WHERE p.account_n IS NOT NULL GROUP BY p.account_n) AS a
JOIN size_pick AS z ON chance('band', a.account_n) >= z.high_share - z.share AND chance('band', a.account_n) < z.high_share
JOIN industry_pick AS i ON chance('industry', a.account_n) >= i.high - i.share AND chance('industry', a.account_n) < i.high;

-- The leads with all that is known at creation, and their fit.
CREATE TABLE lead AS
SELECT
    p.*,
    c.account_id,
    CASE
        WHEN p.role = 'student' THEN one_of(['northfield.edu', 'lakeside.edu', 'uni-harbour.ac.uk', 'cs.westhill.edu'], 'school', p.n)
        WHEN p.role = 'competitor' THEN one_of(['rivalscore.example', 'leadworks.example', 'scorehub.example'], 'rival', p.n)
        WHEN p.is_free_mail THEN one_of(['gmail.com', 'gmail.com', 'outlook.com', 'yahoo.com', 'hotmail.com'], 'free mail domain', p.n)
        ELSE LOWER(c.stem) || c.account_n || '.example'
    END AS domain,
    CASE WHEN c.grown_w <= p.created_w THEN ROUND(c.employees * c.growth)::BIGINT ELSE c.employees END AS employees,
    c.industry,
    CASE WHEN c.account_n IS NOT NULL THEN c.stem || c.suffix
         WHEN p.is_free_mail AND chance('company given', p.n) < 0.6 THEN p.last_name || ' Consulting' END AS company_name,
    p.role <> 'denied' AND chance('bounces', p.n) >= 0.015 AS is_mailable,
    p.created_w + 2000 * waiting('unsubscribes', p.n) AS unsubscribed_w,
    ROUND(p.role_factor * p.source_factor * p.seniority_factor * COALESCE(z.factor::DOUBLE, u.factor::DOUBLE)
        * COALESCE(c.industry_factor, 0.8), 6) AS fit
FROM person AS p
CROSS JOIN unknown_fit AS u
LEFT JOIN company AS c ON c.account_n = p.account_n
LEFT JOIN size_fit AS z ON CASE WHEN c.grown_w <= p.created_w THEN ROUND(c.employees * c.growth) ELSE c.employees END BETWEEN z.low AND z.high;
