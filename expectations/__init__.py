"""Quality: suites of expectations, and the verdicts they give."""
