"""Reads the model files of others, without running what stands in them."""
