"""Painters: eyeballs, teeth, the inside of the mouth."""
