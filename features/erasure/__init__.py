"""Erasure: a person taken out of every file of the warehouse, and kept out of it."""
