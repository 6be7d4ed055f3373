"""Synthesizers: the albedo is completed."""
