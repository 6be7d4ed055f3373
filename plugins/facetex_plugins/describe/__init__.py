"""Descriptor extractors: feature correlations of a texture."""
