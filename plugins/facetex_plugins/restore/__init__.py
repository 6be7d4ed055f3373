"""Restorers: what is mended in a photo before anything is measured."""
