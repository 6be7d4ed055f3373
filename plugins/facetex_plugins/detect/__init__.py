"""Detectors: faces and their landmarks."""
