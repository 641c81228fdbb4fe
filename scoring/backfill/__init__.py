"""Filling the past: how long it takes, what it scores, and how past scores came out."""
