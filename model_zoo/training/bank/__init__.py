"""The bank of portraits: default.bank."""
