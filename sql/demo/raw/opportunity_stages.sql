-- key: opportunity_id, stage
--
-- The stages on the way to a closing; some are lost before the last.
SELECT
    d.opportunity_id, s.stage, on_clock(d.at_w + s.way * (d.closed_w - d.at_w)) AS entered_at,
    arrival('stages ' || s.stage, d.opportunity_id, on_clock(d.at_w + s.way * (d.closed_w - d.at_w)), 30) AS synced_at
FROM deal AS d
JOIN (VALUES ('qualification', 0.0), ('proposal', 0.35), ('negotiation', 0.75)) AS s(stage, way)
    ON d.is_won OR s.stage = 'qualification' OR chance('gets to ' || s.stage, d.opportunity_id) < 0.6
