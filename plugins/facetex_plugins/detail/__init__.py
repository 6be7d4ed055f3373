"""Detailers: relief finer than the mesh."""
