SELECT w.lead_id FROM known.form_submissions AS w
