-- entity: lead (lead_id)
-- owner:  growth
--
-- Words of a title.
WITH w AS (
    SELECT l.lead_id, l.as_of, u.word
    FROM known.leads AS l, UNNEST(STRING_SPLIT(l.title, ' ')) AS u (word)
),
c AS (
    SELECT w.lead_id, w.as_of, COUNT(DISTINCT w.word) AS n
    FROM w
    GROUP BY w.lead_id, w.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    c.n AS n                                            -- a number
FROM spine
LEFT JOIN c
    ON  c.lead_id = spine.lead_id
    AND c.as_of = spine.as_of
