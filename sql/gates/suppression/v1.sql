-- entity: lead (lead_id)
-- owner:  growth
--
-- Addresses that no mail should go to, or that say little of a company. TRUE where the rule fires, never NULL. The lists of
-- free and of disposable domains are tables below sql/reference, with source and date in reference.list_sources; a domain
-- in own_domains is what is said there, whatever the other lists say.
WITH addresses AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        BOOL_OR(COALESCE(o.kind = 'disposable', d.domain IS NOT NULL)) AS is_disposable,
        BOOL_OR(COALESCE(o.kind = 'free', f.domain IS NOT NULL AND d.domain IS NULL)) AS is_free,
        BOOL_OR(l.consent = 'denied') AS has_denied
    FROM spine
    JOIN known.leads AS l
        ON  l.lead_id = spine.lead_id
        AND l.as_of = spine.as_of
    LEFT JOIN reference.own_domains AS o
        ON  o.domain = l.email_domain
    LEFT JOIN reference.disposable_domains AS d
        ON  d.domain = l.email_domain
    LEFT JOIN reference.free_mail_domains AS f
        ON  f.domain = l.email_domain
    GROUP BY spine.lead_id, spine.as_of
),
mails AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        COUNT(e.event_id) FILTER (WHERE e.event_type = 'unsubscribe') AS unsubscribes,
        COUNT(e.event_id) FILTER (WHERE e.event_type = 'bounce') AS bounces,
        COUNT(e.event_id) FILTER (WHERE e.event_type IN ('open', 'click', 'reply')) AS answers
    FROM spine
    JOIN known.email_events AS e
        ON  e.lead_id = spine.lead_id
        AND e.as_of = spine.as_of
    GROUP BY spine.lead_id, spine.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(ad.is_disposable, FALSE)
        AS is_disposable_mail,                          -- block: Throw-away mail address
    COALESCE(ad.has_denied, FALSE) OR COALESCE(ma.unsubscribes > 0, FALSE)
        AS is_not_to_be_mailed,                          -- block: Denied consent or unsubscribed
    COALESCE(ad.is_free, FALSE)
        AS has_private_mail,                            -- cap 60: Free mail address
    COALESCE(ma.bounces > 0 AND ma.answers = 0, FALSE)
        AS is_unreachable                               -- flag: Mail bounced and none was ever opened
FROM spine
LEFT JOIN addresses AS ad
    ON  ad.lead_id = spine.lead_id
    AND ad.as_of = spine.as_of
LEFT JOIN mails AS ma
    ON  ma.lead_id = spine.lead_id
    AND ma.as_of = spine.as_of
