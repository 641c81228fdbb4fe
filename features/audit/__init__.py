"""The inventory of raw tables: what they hold, when each column is known, what smells of the outcome."""
