"""From labelled landmarks to a model: the split, the fit, and what speaks against believing it."""
