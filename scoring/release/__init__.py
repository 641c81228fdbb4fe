"""Releasing a change: who reads what, and whether a model outlives it."""
