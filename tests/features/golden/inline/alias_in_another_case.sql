-- entity: lead (lead_id)
--
-- Names without quotes are the same in every case. Ümläute vor dem Text verschieben nichts: ÄÖÜ 日本.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(E.event_id) AS mails                          -- mails; ÄÖÜ
FROM spine
LEFT JOIN staging.Email_Events AS e
    ON  e.lead_id = SPINE.lead_id
    AND (E.occurred_at < Spine.As_Of AND E.ingested_at <= Spine.As_Of)
GROUP BY spine.lead_id, spine.as_of
