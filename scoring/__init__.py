"""From feature rows to score rows: gates, points, probability, composite, tier and reasons."""
