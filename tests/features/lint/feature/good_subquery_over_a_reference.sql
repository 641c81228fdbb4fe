-- entity: lead (lead_id)
-- owner:  growth
--
-- No moment in it.
SELECT
    spine.lead_id,
    spine.as_of,
    (SELECT COUNT(*) FROM reference.free_mail_domains AS f WHERE f.domain = l.email_domain) > 0
        AS n                                            -- a number
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
