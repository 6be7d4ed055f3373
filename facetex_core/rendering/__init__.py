"""What path tracers need: light, a head read back from its files, and their programs."""
