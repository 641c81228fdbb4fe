SELECT spine.lead_id, random() AS chance FROM spine
