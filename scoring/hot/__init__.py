"""Hot runs: only the leads of whom something is newly known are scored, as a full run would score them."""
