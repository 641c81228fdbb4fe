-- The hazard of the made-up world: how fast a lead comes to its opportunity.
--
--   hazard(t) = fit * ( base + SUM over its signals i before t of weight_i / tau * EXP(-(t - t_i) / tau) )
--
-- `fit` is a product over what is known at creation; a signal is a page, mail, form or step in the trial. Because the hazard is
-- a sum, the opportunity comes at the earliest of independent arrivals, one of the base and at most one of each signal, and the
-- chance of one in the next days is a closed form (reachable.sql).

CREATE TABLE constant AS SELECT
    0.00045 AS base,                                        -- a day
    30.0   AS tau,                                          -- days in which a signal's pull falls to 37 %
    1.0    AS gap;                                          -- mean days from the start of a burst to another signal of it

-- fit by company size, from the account's rows known at creation: deliberately not monotone
CREATE TABLE size_fit AS FROM (VALUES
    ('1-10',      1,    10, 0.25, 0.6),                    -- band, from, to, share of companies, factor
    ('11-50',    11,    50, 0.30, 1.0),
    ('51-200',   51,   200, 0.22, 1.9),
    ('201-1000', 201, 1000, 0.14, 1.3),
    ('1001+',   1001, 9000, 0.09, 0.7)) AS t(band, low, high, share, factor);
CREATE TABLE unknown_fit AS SELECT 0.6 AS factor;           -- free mail, or a company whose size nobody knows

-- fit by seniority, which the words of the title tell
CREATE TABLE seniority_fit AS FROM (VALUES
    ('founder',  0.14, 1.7, ['Founder', 'Co-Founder', 'CEO', 'CEO & Founder', 'Owner', 'co-founder and CEO']),
    ('director', 0.24, 1.7, ['Director of Sales', 'Sales Director', 'VP Marketing', 'VP of Sales', 'Head of Growth',
                             'Head of Operations', 'Director, Revenue Operations', 'head of marketing']),
    ('manager',  0.30, 0.9, ['Marketing Manager', 'Sales Manager', 'Mgr, Demand Generation', 'Operations Manager',
                             'IT manager', 'Senior Manager, Finance', 'Product Manager']),
    ('other',    0.26, 0.55, ['Account Executive', 'Analyst', 'Software Engineer', 'Marketing Specialist', 'Sales Rep',
                             'Coordinator', 'Consultant']),
    ('none',     0.06, 0.55, [NULL])) AS t(seniority, share, factor, titles);

-- fit and engagement by source; `arrival` is what the lead does when it arrives, `keen` and `cool` are the shares of lively and
-- of quiet leads
CREATE TABLE source_fit AS FROM (VALUES
    ('organic_search', 0.22, 1.0, 'inbound',  'organic',  0.25, 0.6),
    ('paid_search',    0.18, 1.0, 'inbound',  'cpc',      0.20, 0.40),
    ('referral',       0.10, 1.8, 'inbound',  'referral', 0.40, 0.20),
    ('partner',        0.07, 1.8, 'inbound',  'partner',  0.30, 0.25),
    ('webinar',        0.12, 0.6, 'event',    'email',    0.20, 0.40),
    ('event',          0.08, 0.6, 'event',    'event',    0.15, 0.45),
    ('content',        0.13, 0.6, 'content',  'social',   0.15, 0.50),
    ('outbound_list',  0.10, 0.5, 'outbound', NULL,       0.08, 0.65))
    AS t(source, share, factor, arrival, medium, keen, cool);

-- fit by industry
CREATE TABLE industry_fit AS FROM (VALUES
    ('Software', 0.28, 1.4), ('Financial services', 0.16, 1.4), ('Manufacturing', 0.18, 1.0), ('Healthcare', 0.14, 1.0),
    ('Retail', 0.14, 0.6), ('Education', 0.10, 0.6)) AS t(industry, share, factor);

-- who is no prospect: share of leads and factor of the fit
CREATE TABLE role_fit AS FROM (VALUES
    ('student', 0.035, 0.05), ('competitor', 0.02, 0.3), ('job_seeker', 0.03, 0.3), ('customer', 0.03, 0.6),
    ('denied', 0.03, 0.8), ('prospect', 0.855, 1.0)) AS t(role, share, factor);

-- what a signal adds to the cumulative hazard in the long run, for a fit of 1
CREATE TABLE signal AS FROM (VALUES
    ('home', 0.001), ('blog', 0.001), ('product', 0.004), ('docs', 0.015), ('comparison', 0.012), ('implementation', 0.012),
    ('pricing', 0.05), ('pricing_glance', 0.0), ('roi_calculator', 0.04), ('careers', 0.0),
    ('newsletter', 0.004), ('download', 0.01), ('webinar', 0.02), ('contact', 0.03), ('demo_request', 0.16),
    ('demo_with_budget', 0.24), ('open', 0.004), ('click', 0.02), ('reply', 0.08),
    ('trial_started', 0.16), ('feature_used', 0.015), ('invite_sent', 0.06), ('integration_attempted', 0.04),
    ('nothing', 0.0)) AS t(signal, weight);

-- Signals come in bursts. Bursts of a kind start at expected / decay * EXP(-age / decay) * interest a day; each start is a signal
-- and brings a Poisson number `more` of others, after exponential gaps.
CREATE TABLE burst AS FROM (VALUES
    ('arrival',  1.0,   0.0, 1.5),                          -- kind, expected, decay in days, more; an arrival is exactly one
    ('research', 2.2,  80.0, 1.8),
    ('mail',     1.8, 120.0, 0.5),
    ('trial',    0.22, 60.0, 3.0),
    ('form',     0.35, 80.0, 1.0),
    ('careers',  3.0,  30.0, 0.8)) AS t(kind, expected, decay, more);  -- job seekers only
CREATE TABLE interest AS FROM (VALUES ('cool', 0.7), ('usual', 1.0), ('keen', 1.4)) AS t(interest, factor);

-- what the first and the further signals of a burst are
CREATE TABLE visit_mix AS FROM (VALUES
    ('home', 0.14), ('blog', 0.14), ('product', 0.19), ('docs', 0.13), ('pricing', 0.19), ('pricing_glance', 0.03),
    ('comparison', 0.07), ('implementation', 0.06), ('roi_calculator', 0.04)) AS t(signal, share);
CREATE TABLE mix AS
SELECT m.kind, m.arrival, m.is_first, m.signal, m.share, s.weight,
    SUM(m.share) OVER so_far - m.share AS low,
    SUM(m.share) OVER so_far AS high
FROM (
    FROM (VALUES
        ('arrival', 'inbound', TRUE, 'newsletter', 0.20), ('arrival', 'inbound', TRUE, 'download', 0.28),
        ('arrival', 'inbound', TRUE, 'contact', 0.24), ('arrival', 'inbound', TRUE, 'demo_request', 0.17),
        ('arrival', 'inbound', TRUE, 'demo_with_budget', 0.11),
        ('arrival', 'content', TRUE, 'newsletter', 0.30), ('arrival', 'content', TRUE, 'download', 0.70),
        ('arrival', 'event', TRUE, 'webinar', 0.90), ('arrival', 'event', TRUE, 'contact', 0.10),
        ('arrival', 'outbound', TRUE, 'nothing', 1.00),
        ('mail', NULL, TRUE, 'open', 0.70), ('mail', NULL, TRUE, 'click', 0.22), ('mail', NULL, TRUE, 'reply', 0.08),
        ('mail', NULL, FALSE, 'open', 0.70), ('mail', NULL, FALSE, 'click', 0.25), ('mail', NULL, FALSE, 'reply', 0.05),
        ('trial', NULL, TRUE, 'trial_started', 1.00), ('trial', NULL, FALSE, 'feature_used', 0.64),
        ('trial', NULL, FALSE, 'invite_sent', 0.18), ('trial', NULL, FALSE, 'integration_attempted', 0.18),
        ('form', NULL, TRUE, 'newsletter', 0.10), ('form', NULL, TRUE, 'download', 0.26), ('form', NULL, TRUE, 'webinar', 0.20),
        ('form', NULL, TRUE, 'contact', 0.16), ('form', NULL, TRUE, 'demo_request', 0.17), ('form', NULL, TRUE, 'demo_with_budget', 0.11),
        ('careers', NULL, TRUE, 'careers', 1.00), ('careers', NULL, FALSE, 'careers', 1.00))
        AS t(kind, arrival, is_first, signal, share)
    UNION ALL FROM (SELECT k.kind, NULL, k.is_first, v.signal, v.share FROM visit_mix AS v,
        (VALUES ('arrival', FALSE), ('research', TRUE), ('research', FALSE), ('form', FALSE)) AS k(kind, is_first))
) AS m JOIN signal AS s ON s.signal = m.signal
WINDOW so_far AS (PARTITION BY m.kind, m.arrival, m.is_first ORDER BY m.signal);

-- cumulative Poisson probabilities, to draw how many bursts a lead has and how many signals follow
CREATE MACRO poisson(mean) AS
    LIST_FILTER(
        LIST_TRANSFORM(RANGE(30), LAMBDA n: LIST_SUM(LIST_TRANSFORM(RANGE(n + 1), LAMBDA k: EXP(k * LN(mean) - mean - LGAMMA(k + 1))))),
        LAMBDA p: p < 0.9999999);                           -- short lists: every draw goes through one
CREATE TABLE burst_count AS
SELECT b.kind, i.interest, b.expected * i.factor AS expected, poisson(b.expected * i.factor) AS cumulative
FROM burst AS b, interest AS i WHERE b.kind <> 'arrival';
CREATE TABLE more_count AS SELECT b.kind, poisson(b.more) AS cumulative FROM burst AS b;
