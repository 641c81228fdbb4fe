-- Raw rows of a company of fifteen leads, made to tell a sound definition from one that only looks so: rows exactly at an
-- as_of and one microsecond either side, at the edges of windows, late rows, ties, keys that come back with other values,
-- rows without a clock, leads without rows and rows without leads, several leads an account, accounts in many versions.
CREATE MACRO chance(i, salt, n) AS CAST(HASH(i, salt) % n AS INTEGER);
CREATE MACRO one_of(listed, i, salt) AS listed[1 + CAST(HASH(i, salt) % LEN(listed) AS INTEGER)];
CREATE MACRO moment(i, salt) AS
    one_of([TIMESTAMP '2026-02-10 06:00', TIMESTAMP '2026-03-01', TIMESTAMP '2026-03-20'], i, salt || 'm');
CREATE MACRO nudge(i, salt) AS to_microseconds(CAST(HASH(i, salt || 'n') % 3 AS BIGINT) - 1);
CREATE MACRO happened(i, salt) AS CASE
    WHEN chance(i, salt, 3) = 0 THEN moment(i, salt) - to_days(one_of([0, 0, 7, 30, 90], i, salt || 'd')) + nudge(i, salt)
    ELSE TIMESTAMP '2026-03-20' - to_hours(12 * chance(i, salt || 'h', 220))
END;
CREATE MACRO arrived(happened_at, i, salt) AS CASE chance(i, salt || 'a', 6)
    WHEN 0 THEN moment(i, salt || 'b') + nudge(i, salt || 'b')
    WHEN 1 THEN happened_at + INTERVAL 9 DAY
    WHEN 2 THEN happened_at
    ELSE happened_at + INTERVAL 1 HOUR
END;
CREATE MACRO lead(i, salt) AS 'L' || LPAD(CAST(HASH(i, salt || 'l') % 16 AS VARCHAR), 2, '0');
CREATE MACRO account(i, salt) AS 'A' || CAST(HASH(i, salt || 'c') % 5 AS VARCHAR);

CREATE TABLE world.leads AS
SELECT
    'L' || LPAD(CAST(i AS VARCHAR), 2, '0') AS lead_id,
    made_at AS created_at,
    CASE WHEN i % 5 = 4 THEN TIMESTAMP '2026-03-01' + to_microseconds(i % 2) ELSE made_at + INTERVAL 1 HOUR END AS synced_at,
    one_of(['a@acme.example', 'b@beta.example', 'c@gmail.com', 'd@mit.edu', 'e@rivalscore.example', 'f@acme.example', NULL], i, 'e')
        AS email,
    'Name ' || i AS full_name,
    one_of(['Acme', '', NULL], i, 'n') AS company_name,
    one_of(['CEO', 'PhD Student', 'Head of Marketing', 'open to work', 'Founder and Sales Director', NULL], i, 't') AS title,
    one_of(['DE', 'US', NULL], i, 'u') AS country,
    one_of(['event', 'ads', NULL], i, 's') AS lead_source,
    one_of(['cpc', NULL], i, 'w') AS utm_medium,
    one_of(['spring', NULL], i, 'v') AS utm_campaign,
    one_of(['granted', 'denied', NULL], i, 'o') AS consent,
    one_of(['open', 'working', 'converted'], i, 'x') AS status,
    made_at + INTERVAL 60 DAY AS last_activity_at
FROM (
    SELECT
        i,
        CASE
            WHEN i < 9 THEN TIMESTAMP '2026-02-10 06:00' - to_hours(1 + 300 * CAST(i AS INTEGER))
            ELSE happened(i, 'lead')
        END AS made_at
    FROM RANGE(15) AS t (i)
);
INSERT INTO world.leads BY NAME
SELECT
    l.* REPLACE (l.synced_at + INTERVAL 20 DAY AS synced_at, 'other@gamma.example' AS email, 'CEO' AS title, 'FR' AS country)
FROM world.leads AS l
WHERE l.lead_id IN ('L01', 'L04', 'L06');

CREATE TABLE world.accounts AS
SELECT
    account(i, 'acc') AS account_id,
    happened(i, 'acc') AS changed_at,
    arrived(happened(i, 'acc'), i, 'acc') AS synced_at,
    'Company' AS name,
    one_of(['acme.example', 'beta.example', 'acme.example', 'Gamma.example', 'gmail.com', NULL], i, 'dom') AS domain,
    one_of(['Retail', 'Software', NULL], i, 'ind') AS industry,
    one_of([5, 70, 900, NULL], i, 'emp') AS employees,
    'DE' AS country,
    one_of([FALSE, FALSE, NULL, FALSE, TRUE], i, 'del') AS is_deleted
FROM RANGE(30) AS t (i);
-- two rows of one account at one moment: which is in force is told by their arrival, and then by their key alone
INSERT INTO world.accounts BY NAME
SELECT 'A' || i AS account_id, TIMESTAMP '2025-12-01' AS changed_at, TIMESTAMP '2025-12-01' AS synced_at, 'Company' AS name,
    one_of(['acme.example', 'beta.example', 'rivalscore.example'], i, 'first') AS domain, 'Retail' AS industry,
    10 * i AS employees, 'DE' AS country, FALSE AS is_deleted
FROM RANGE(5) AS t (i);

CREATE TABLE world.web_events AS
SELECT
    'w' || LPAD(CAST(i AS VARCHAR), 3, '0') AS event_id,
    happened(i, 'web') AS occurred_at,
    arrived(happened(i, 'web'), i, 'web') AS synced_at,
    'b' || i % 9 AS anonymous_id,
    lead(i, 'web') AS lead_id,
    one_of(['s1', 's2', 's3', 's4', NULL], i, 'ses') AS session_id,
    'page_view' AS event_type,
    one_of(['/pricing', '/docs/a', '/careers', '/blog', '/', NULL], i, 'url') AS url,
    one_of([NULL, 7, 30, 480], i, 'dwell') AS dwell_s
FROM RANGE(220) AS t (i);
INSERT INTO world.web_events BY NAME
SELECT e.* REPLACE (e.synced_at + INTERVAL 15 DAY AS synced_at, '/pricing' AS url, 1000 AS dwell_s, 's9' AS session_id)
FROM world.web_events AS e
WHERE HASH(e.event_id) % 10 = 0;
INSERT INTO world.web_events BY NAME
SELECT 'none' AS event_id, NULL AS occurred_at, TIMESTAMP '2026-01-01' AS synced_at, 'L01' AS lead_id, '/pricing' AS url;

CREATE TABLE world.email_events AS
SELECT
    'e' || LPAD(CAST(i AS VARCHAR), 3, '0') AS event_id,
    happened(i, 'mail') AS occurred_at,
    arrived(happened(i, 'mail'), i, 'mail') AS synced_at,
    lead(i, 'mail') AS lead_id,
    'a@acme.example' AS email,
    one_of(['sent', 'open', 'open', 'click', 'reply', 'unsubscribe'], i, 'type') AS event_type,
    'c1' AS campaign_id,
    '/x' AS url
FROM RANGE(160) AS t (i);

CREATE TABLE world.form_submissions AS
SELECT
    'f' || LPAD(CAST(i AS VARCHAR), 3, '0') AS submission_id,
    happened(i, 'form') AS submitted_at,
    arrived(happened(i, 'form'), i, 'form') AS synced_at,
    lead(i, 'form') AS lead_id,
    one_of(['demo_request', 'download', 'newsletter'], i, 'type') AS form_type,
    '/form' AS url,
    10 AS employees_stated,
    one_of([NULL, FALSE, TRUE], i, 'budget') AS budget_stated
FROM RANGE(120) AS t (i);

CREATE TABLE world.product_events AS
SELECT
    'p' || LPAD(CAST(i AS VARCHAR), 3, '0') AS event_id,
    happened(i, 'prod') AS occurred_at,
    arrived(happened(i, 'prod'), i, 'prod') AS synced_at,
    lead(i, 'prod') AS lead_id,
    one_of(['trial_started', 'feature_used', 'feature_used', 'invite_sent', 'integration_attempted'], i, 'type') AS event_type,
    one_of(['export', 'chart', 'alert', NULL], i, 'feature') AS feature
FROM RANGE(160) AS t (i);

CREATE TABLE world.invoice_payments AS
SELECT
    'y' || i AS payment_id,
    happened(i, 'pay') AS paid_at,
    arrived(happened(i, 'pay'), i, 'pay') AS synced_at,
    'i' || i AS invoice_id,
    account(i, 'pay') AS account_id,
    one_of([0.00, 9.50, NULL], i, 'paid') AS amount_paid,
    'EUR' AS currency
FROM RANGE(14) AS t (i);

CREATE TABLE world.opportunities AS
SELECT
    'o' || i AS opportunity_id,
    happened(i, 'opp') AS created_at,
    arrived(happened(i, 'opp'), i, 'opp') AS synced_at,
    lead(i, 'opp') AS lead_id,
    account(i, 'opp') AS account_id,
    'new_business' AS pipeline,
    'won' AS stage
FROM RANGE(20) AS t (i);

CREATE TABLE world.opportunity_closings AS
SELECT
    'o' || i AS opportunity_id,
    happened(i, 'close') AS closed_at,
    arrived(happened(i, 'close'), i, 'close') AS synced_at,
    i % 2 = 0 AS is_won,
    100.00 AS amount,
    'EUR' AS currency
FROM RANGE(20) AS t (i);

CREATE TABLE world.opportunity_stages AS
SELECT
    'o' || i % 10 AS opportunity_id,
    happened(i, 'stage') AS entered_at,
    arrived(happened(i, 'stage'), i, 'stage') AS synced_at,
    one_of(['qualification', 'proposal', 'negotiation'], i, 'stage') AS stage
FROM RANGE(30) AS t (i);

CREATE TABLE world.contacts AS
SELECT
    'c' || i AS contact_id,
    happened(i, 'con') AS created_at,
    arrived(happened(i, 'con'), i, 'con') AS synced_at,
    lead(i, 'con') AS lead_id,
    account(i, 'con') AS account_id,
    'a@acme.example' AS email,
    'CEO' AS title,
    'changed by hand' AS phone
FROM RANGE(20) AS t (i);

CREATE TABLE world.subscriptions AS
SELECT
    'u' || i % 8 AS subscription_id,
    happened(i, 'sub') AS changed_at,
    arrived(happened(i, 'sub'), i, 'sub') AS synced_at,
    account(i % 8, 'sub') AS account_id,
    one_of(['trial', 'team'], i, 'plan') AS plan,
    one_of(['trialing', 'active', 'canceled'], i, 'state') AS status,
    99.00 AS mrr
FROM RANGE(25) AS t (i);

CREATE TABLE world.invoices AS
SELECT
    'i' || i AS invoice_id,
    happened(i, 'inv') AS issued_at,
    arrived(happened(i, 'inv'), i, 'inv') AS synced_at,
    account(i, 'inv') AS account_id,
    'u' || i % 8 AS subscription_id,
    99.00 AS total,
    'EUR' AS currency,
    'paid' AS status
FROM RANGE(20) AS t (i);

CREATE TABLE world.lead_feedback AS
SELECT
    'k' || i AS feedback_id,
    happened(i, 'fb') AS given_at,
    arrived(happened(i, 'fb'), i, 'fb') AS synced_at,
    lead(i, 'fb') AS lead_id,
    'ann' AS actor,
    one_of(['accepted', 'rejected', 'bad_fit'], i, 'kind') AS kind,
    'hot' AS value,
    'says so' AS reason,
    happened(i, 'fb') + INTERVAL 30 DAY AS expires_at
FROM RANGE(25) AS t (i);
