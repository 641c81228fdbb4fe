SELECT i.lead_id, CAST(i.strength AS DECIMAL(9, 3)) AS s FROM known.ext_conversation_signals AS i
