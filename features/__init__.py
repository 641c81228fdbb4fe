"""Feature definitions, and their rows as they were known at an as_of."""
