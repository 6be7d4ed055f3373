"""Runners for published benchmarks, whose data people bring themselves: predictions in their layout, and their figures."""
