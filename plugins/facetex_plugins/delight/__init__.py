"""Delighters: the light is taken out of a texture."""
