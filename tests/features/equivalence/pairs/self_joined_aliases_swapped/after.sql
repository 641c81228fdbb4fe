SELECT b.lead_id, a.as_of FROM spine AS b JOIN spine AS a ON b.lead_id = a.lead_id AND a.as_of > b.as_of
