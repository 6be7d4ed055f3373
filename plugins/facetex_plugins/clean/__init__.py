"""Cleaners: what is no skin in an unwrapped photo is hidden."""
