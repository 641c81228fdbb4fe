SELECT f.lead_id, '{"a": {"b": 1}, "a.b": 2}'::JSON ->> '$.a' AS j FROM known.form_submissions AS f
