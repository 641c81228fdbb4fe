SELECT a.lead_id, b.as_of FROM spine AS a JOIN spine AS b ON a.lead_id = b.lead_id AND b.as_of > a.as_of
