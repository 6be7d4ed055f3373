"""Builds facetex's own face basis: topology, UV, identity modes, ARKit expressions, landmarks and regions in one npz file."""

from pathlib import Path

import click
import numpy as np

from training.face_basis.head import build
from training.face_basis.landmarks import landmark_arrays
from training.face_basis.layout import half_layout
from training.face_basis.regions import region_arrays
from training.face_basis.source import read_source

DEFAULT = Path(__file__).resolve().parents[2] / "facetex_model_zoo" / "files" / "face_basis.npz"


@click.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DEFAULT,
    show_default="the model zoo's file",
    help="File to write.",
)
def main(output: Path) -> None:
    """Builds the face basis from ICT-FaceKit and MediaPipe's canonical face (folder: environment variable FACETEX_SHARED)."""
    source = read_source()
    arrays, _ = build(source, half_layout(source))
    arrays |= landmark_arrays(source, arrays)
    arrays |= region_arrays(arrays)
    np.savez_compressed(output, **arrays)
    size = output.stat().st_size / 1e6
    click.echo(f"{output.name}: {len(arrays['mean'])} vertices, {len(arrays['triangles'])} triangles, {size:.2f} MB")


if __name__ == "__main__":
    main()
