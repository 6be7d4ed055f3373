"""Lays a morphable model over photos: energies, their terms, and the search."""
