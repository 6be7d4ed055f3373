"""Mutated photos, recipes, banks, models, suites, heads and words against the command line; tests/fuzz.py runs them."""
