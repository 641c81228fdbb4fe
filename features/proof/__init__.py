"""The proof: what `check` refuses before anything runs, and why a definition that passes cannot leak."""
