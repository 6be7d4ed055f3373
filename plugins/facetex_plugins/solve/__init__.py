"""Blend solvers: weights over the faces of a bank."""
