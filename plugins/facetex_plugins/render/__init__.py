"""Renderers: pictures of a head."""
