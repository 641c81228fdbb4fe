-- key:   feedback_id
-- again: reason = 'see note'
--
-- What sales representatives say: of hot signals, of people who are no prospects, and now and then against the score.
WITH word AS (
    SELECT s.n, 'h' || s.key AS key, s.at_w + 0.1 + 2 * chance('said after', s.key) AS at_w,
        CASE WHEN chance('said', s.key) < 0.6 THEN 'accepted' WHEN chance('said', s.key) < 0.85 THEN 'rejected' ELSE 'urgent' END AS kind
    FROM seen AS s
    WHERE s.signal IN ('demo_request', 'demo_with_budget', 'trial_started', 'reply') AND chance('says', s.key) < 0.3
    UNION ALL
    SELECT l.n, 'b' || l.n, l.created_w + 1 + 10 * chance('bad fit after', l.n), 'bad_fit'
    FROM lead AS l WHERE l.role <> 'prospect' AND chance('bad fit', l.n) < 0.2
    UNION ALL
    SELECT l.n, 'o' || l.n, l.created_w + 2 + 40 * chance('override after', l.n), 'override'
    FROM lead AS l WHERE chance('override', l.n) < 0.005
)
SELECT
    w.key AS feedback_id,
    FORMAT('L{:07d}', w.n) AS lead_id,
    one_of(['rep.ana', 'rep.bo', 'rep.chi', 'rep.dee'], 'actor', w.key) AS actor,
    w.kind,
    CASE WHEN w.kind = 'override' THEN one_of(['hot', 'cold'], 'override to', w.key) END AS value,
    CASE w.kind WHEN 'accepted' THEN 'meeting set' WHEN 'rejected' THEN 'no answer' WHEN 'urgent' THEN 'asks for a quote this week'
        WHEN 'bad_fit' THEN 'not a buyer' ELSE 'knows the buyer' END AS reason,
    CASE WHEN w.kind IN ('urgent', 'override') THEN on_clock(w.at_w + 30) END AS expires_at,
    on_clock(w.at_w) AS given_at,
    arrival('feedback', w.key, on_clock(w.at_w), 5) AS synced_at
FROM word AS w
