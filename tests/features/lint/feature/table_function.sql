-- entity: lead (lead_id)
-- owner:  growth
--
-- A view.
SELECT
    spine.lead_id,
    spine.as_of,
    x.a                                                 -- from a file
FROM spine
LEFT JOIN read_parquet('x.parquet') AS x
    ON  x.lead_id = spine.lead_id
    AND x.as_of = spine.as_of
-- expect: unreadable
