"""Says how far results are from the truth: suites, synthetic heads, leave-one-out."""
