"""Whether two SELECTs mean the same, judged per output column when asked and never stored."""
