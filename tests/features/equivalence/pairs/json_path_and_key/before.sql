SELECT f.lead_id, json_extract_string('{"a": {"b": 1}, "a.b": 2}', '$.a.b') AS j FROM known.form_submissions AS f
