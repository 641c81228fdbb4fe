-- entity: lead (lead_id)
-- owner:  growth
--
-- A chain of identifiers.
WITH RECURSIVE c AS (
    SELECT spine.lead_id, spine.as_of, spine.lead_id AS person
    FROM spine
    UNION
    SELECT c.lead_id, c.as_of, co.contact_id
    FROM c
    JOIN known.contacts AS co
        ON  co.lead_id = c.person
        AND co.as_of = c.as_of
),
d AS (
    SELECT c.lead_id, c.as_of, COUNT(DISTINCT c.person) AS n
    FROM c
    GROUP BY c.lead_id, c.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    d.n AS n                                            -- a number
FROM spine
LEFT JOIN d
    ON  d.lead_id = spine.lead_id
    AND d.as_of = spine.as_of
