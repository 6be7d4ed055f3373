"""Where the data lie, where trainings keep their work, and where the files that ship are."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

ROOT = Path(__file__).resolve().parents[3]
"""The repository."""
DATA = Path(os.environ.get("FACETEX_SHARED", ROOT.parent / "shared")) / "data"
"""Photos, scans and teachers: in FACETEX_SHARED, or in `shared` beside the repository."""
WORK = ROOT / "build/training"
"""A folder a model: caches, checkpoints, logs, the file made."""
FILES = ROOT / "model_zoo/facetex_model_zoo/files"
"""The files that ship."""


def save_arrays(path: Path, arrays: Mapping[str, Shaped[np.ndarray, "..."]], *, compressed: bool = False) -> None:
    """Writes an npz file; one that is half written never has the name."""
    part, write = path.with_suffix(".part"), np.savez_compressed if compressed else np.savez
    with part.open("wb") as file:
        write(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes names for options
    part.replace(path)
