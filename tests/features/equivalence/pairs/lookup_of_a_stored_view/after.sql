SELECT spine.lead_id, spine.as_of, f.forms_90d AS n, 1 AS one FROM spine LEFT JOIN features.form_activity__v1 AS f ON f.lead_id = spine.lead_id AND f.as_of = spine.as_of
