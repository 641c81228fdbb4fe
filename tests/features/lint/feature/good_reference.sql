-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
SELECT
    spine.lead_id,
    spine.as_of,
    BOOL_OR(f.domain IS NOT NULL) AS is_free            -- writes from a free mail address
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
LEFT JOIN reference.free_mail_domains AS f
    ON  f.domain = l.email_domain
GROUP BY spine.lead_id, spine.as_of
