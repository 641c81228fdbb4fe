"""Decisions: what is to be done with a scored lead, by whom, and with which words."""
