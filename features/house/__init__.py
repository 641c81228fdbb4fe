"""Keeping house: what is kept how long, what stands where nothing lists it, and the way back to order."""
