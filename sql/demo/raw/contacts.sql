-- key:   contact_id
-- again: title = UPPER(title)
--
-- Two in three business leads are kept as contacts of their account.
SELECT
    FORMAT('C{:07d}', l.n) AS contact_id,
    l.lead_id,
    l.account_id,
    LOWER(l.first_name || '.' || l.last_name) || '.' || l.n || '@' || l.domain AS email,
    l.title,
    on_clock(l.created_w + 0.01) AS created_at,
    arrival('contacts', l.lead_id, on_clock(l.created_w + 0.01), 30) AS synced_at
FROM lead AS l
WHERE l.account_id IS NOT NULL AND chance('contact', l.n) < 0.67
