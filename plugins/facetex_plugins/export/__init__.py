"""Exporters: files for other programs."""
