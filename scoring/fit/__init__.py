"""Fit, intent and timing: points from 0 to 100 beside the score, from tables that people edit."""
