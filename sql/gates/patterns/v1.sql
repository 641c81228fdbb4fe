-- entity: lead (lead_id)
-- owner:  growth
--
-- What the patterns mean for hand-off: points alone do not make a lead ready for sales. TRUE where the rule fires, never
-- NULL; a pattern that is not known counts as not there. The cap stands below hot.
WITH counted AS (
    SELECT
        spine.lead_id,
        spine.as_of,
        CASE WHEN bp.is_concentrated THEN 1 ELSE 0 END
            + CASE WHEN bp.is_at_bottom_of_funnel THEN 1 ELSE 0 END
            + CASE WHEN bp.has_several_stakeholders THEN 1 ELSE 0 END
            + CASE WHEN bp.is_comparing THEN 1 ELSE 0 END
            + CASE WHEN bp.is_planning_implementation THEN 1 ELSE 0 END AS buying,
        CASE WHEN np.is_sporadic THEN 1 ELSE 0 END
            + CASE WHEN np.is_top_of_funnel THEN 1 ELSE 0 END
            + CASE WHEN np.is_isolated THEN 1 ELSE 0 END
            + CASE WHEN np.has_disqualifier THEN 1 ELSE 0 END
            + CASE WHEN np.is_brief THEN 1 ELSE 0 END AS non_buying
    FROM spine
    LEFT JOIN features.buying_patterns__v1 AS bp
        ON  bp.lead_id = spine.lead_id
        AND bp.as_of = spine.as_of
    LEFT JOIN features.non_buying_patterns__v1 AS np
        ON  np.lead_id = spine.lead_id
        AND np.as_of = spine.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(co.non_buying >= 2 AND co.non_buying > co.buying, FALSE)
        AS is_curious_at_most,                          -- cap 70: Shows more patterns of curiosity than of buying
    COALESCE(co.buying >= 3 AND co.non_buying = 0, FALSE)
        AS shows_buying_patterns                        -- flag: Shows three patterns of buying, and none against it
FROM spine
LEFT JOIN counted AS co
    ON  co.lead_id = spine.lead_id
    AND co.as_of = spine.as_of
