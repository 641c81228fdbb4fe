"""Figures of a model on rows it has not seen, each with its interval."""
