"""Segmenters: skin, hair, glasses, mouth, background."""
