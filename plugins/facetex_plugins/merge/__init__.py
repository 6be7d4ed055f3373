"""Mergers: one albedo of several photos."""
