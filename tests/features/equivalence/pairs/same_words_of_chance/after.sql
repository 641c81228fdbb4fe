select spine.lead_id,   random() AS chance FROM spine -- same words
