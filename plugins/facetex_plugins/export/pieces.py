"""A head in pieces that one can hide, replace or rig: the parts of its model, upper and lower teeth apart."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from jaxtyping import Int

from facetex_core import Fit
from facetex_core.parts.teeth import rows_of

TEETH_ROWS = {"upper_teeth": "upper", "lower_teeth": "lower"}
"""Pieces, and what `rows_of` calls them."""


def in_pieces(fit: Fit) -> Fit:
    """The same head; the parts of its mesh are pieces, none of them empty."""
    mesh = fit.model.mesh
    pieces = {name: which for name, which in _pieces(fit) if len(which)}
    ends = np.cumsum([len(which) for which in pieces.values()]).tolist()
    parts = {name: slice(end - len(which), end) for (name, which), end in zip(pieces.items(), ends, strict=True)}
    order = np.concatenate(list(pieces.values()))
    ordered = replace(mesh, triangles=mesh.triangles[order], uv_triangles=mesh.uv_triangles[order], parts=parts)
    return replace(fit, model=replace(fit.model, mesh=ordered))


def part_of(piece: str) -> str:
    """The part of the model that a piece was cut from."""
    return "teeth" if piece in TEETH_ROWS else piece


def _pieces(fit: Fit) -> Iterator[tuple[str, Int[np.ndarray, "triangles"]]]:
    mesh = fit.model.mesh
    for part, which in mesh.parts.items():
        every = np.arange(which.start, which.stop)
        if part == "teeth":
            yield from ((name, every[rows_of(fit.model)[row][mesh.triangles[which, 0]]]) for name, row in TEETH_ROWS.items())
        else:
            yield part, every
