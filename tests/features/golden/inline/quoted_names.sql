-- entity: lead (lead_id)
--
-- Names in quotes.
SELECT
    spine."lead_id",
    spine."as_of",
    COUNT("the mail"."event_id") AS "mails"             -- mails
FROM spine
LEFT JOIN staging."email_events" AS "the mail"
    ON  "the mail"."lead_id" = spine."lead_id"
    AND (("the mail".occurred_at < spine."as_of" AND "the mail".ingested_at <= spine."as_of") /* the moment */ AND "the mail"."event_type" <> '; -- no end')
GROUP BY spine."lead_id", spine."as_of"
