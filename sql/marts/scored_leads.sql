-- owner: growth
-- grain: one row per lead in play
--
-- What sales works from: each lead's newest score, tier and reasons, the best first.
SELECT
    s.lead_id AS lead_id,                                                 -- the lead
    s.as_of AS as_of,                                                     -- the moment: of the newest run, or of a hot run since
    s.tier AS tier,                                                       -- hot, warm, cold or disqualified; a person's word goes first
    s.qualification_status AS qualification_status,                       -- sales_ready, nurture or disqualified
    ROUND(s.composite, 1) AS score,                                       -- 0 to 100
    s.p_cal AS chance,                                                    -- that the outcome comes within the horizon; NULL without a model
    s.data_grade AS data_grade,                                           -- A to D: how much is known of the lead
    s.reasons[1] AS reason_1,                                             -- the first reason, gates before all
    s.reasons[2] AS reason_2,                                             -- the second
    s.reasons[3] AS reason_3,                                             -- the third
    s.against[1] AS against_1,                                            -- what pulled the score down most
    s.gates AS gates,                                                     -- rules that fire
    s.cap_reason AS cap_reason,                                           -- why the score is capped; NULL where it is not
    s.machine_tier AS machine_tier,                                       -- the tier without the override; NULL without one
    s.override_by AS override_by,                                         -- who overrode it
    s.override_until AS override_until,                                   -- until when that holds
    ROW_NUMBER() OVER (ORDER BY s.composite DESC, s.p_raw DESC NULLS LAST, s.lead_id) AS place,  -- 1 is the highest score
    s.model_version AS model_version,                                     -- 'rules' where no model took part
    s.policy_version AS policy_version                                    -- hash of gates, points, blend, tiers and words
FROM scores.latest AS s
