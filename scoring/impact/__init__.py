"""What pending changes would do to scores: computed on a sample, shown, never written."""
