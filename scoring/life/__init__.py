"""A model's life: champion and challengers, comparisons, promotion, rollback, shadow scores."""
