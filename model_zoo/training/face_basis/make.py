"""Builds facetex's own face basis: topology, UV, identity modes, ARKit expressions, landmarks and regions in one npz file."""

from pathlib import Path
from typing import Annotated

import click
import msgspec
import numpy as np
from msgspec import Meta

from training.common.data import save_arrays
from training.common.steps import Run
from training.face_basis.head import build
from training.face_basis.landmarks import landmark_arrays
from training.face_basis.layout import half_layout
from training.face_basis.regions import region_arrays
from training.face_basis.source import Arrays, Source, read_source

FILE = "face_basis.npz"
UNREGISTERED = "unregistered.npz"
"""The basis before its landmarks are moved to where a detector sees them."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """settings.toml."""

    people: int
    rounds: Annotated[int, Meta(ge=0)]
    new_heads: Annotated[int, Meta(ge=1)]


def basis_arrays(source: Source) -> Arrays:
    """What the file holds, by name."""
    arrays = build(source, half_layout(source))
    arrays |= landmark_arrays(source, arrays)
    return arrays | region_arrays(arrays)


def read_arrays(path: Path) -> Arrays:
    """All of a file."""
    with np.load(path, allow_pickle=False) as stored:
        return dict(stored)


def make(run: Run[Settings]) -> None:
    """Writes unregistered.npz from ICT-FaceKit and MediaPipe's canonical face."""
    arrays = basis_arrays(read_source())
    save_arrays(run.work / UNREGISTERED, arrays, compressed=True)
    click.echo(f"{len(arrays['mean'])} vertices, {len(arrays['triangles'])} triangles")
