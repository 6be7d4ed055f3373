"""Reads and writes a morphable model as a zip of arrays (npz) without pickles."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from facetex_core.arrays import read_arrays
from facetex_core.errors import ModelError
from facetex_core.structures import AlbedoModel, Embedding, Mesh, MorphableModel


def load_morphable_model(path: Path) -> MorphableModel:
    """The model of a file; modes are stored as half-precision numbers."""
    arrays = read_arrays(path, "morphable model of facetex")
    try:
        return assemble(arrays, path.stem)
    except (KeyError, ValueError) as error:
        raise ModelError(f"{path.name} is no morphable model of facetex: {error} is missing or of another shape") from None


def assemble(arrays: Mapping[str, np.ndarray], name: str) -> MorphableModel:
    """The model of a file's arrays."""
    ranges = zip(arrays["part_names"].tolist(), arrays["part_ranges"].tolist(), strict=True)
    parts = {part: slice(start, stop) for part, (start, stop) in ranges}
    mean = arrays["mean"].astype(np.float32)
    left, top, right, bottom = (float(edge) for edge in arrays["face_box"])
    return MorphableModel(
        name,
        mean,
        arrays["identity"].astype(np.float32),
        arrays["expression"].astype(np.float32),
        tuple(arrays["expression_names"].tolist()),
        Mesh(mean, arrays["triangles"], arrays["uvs"], arrays["uv_triangles"], parts),
        Embedding(
            arrays["landmark_triangles"].astype(np.int32),
            arrays["landmark_barycentric"].astype(np.float32),
            arrays["dense_triangles"].astype(np.int32),
            arrays["dense_barycentric"].astype(np.float32),
        ),
        {n: w.astype(np.float32) / 255 for n, w in zip(arrays["region_names"].tolist(), arrays["regions"], strict=True)},
        (left, top, right, bottom),
    )


def arrays_of(model: MorphableModel) -> dict[str, np.ndarray]:
    """The arrays of a file, all but the albedo, which has a file of its own."""
    e, mesh = model.embedding, model.mesh
    return {
        "mean": model.mean,
        "identity": model.identity.astype(np.float16),
        "expression": model.expression.astype(np.float16),
        "expression_names": np.array(model.expression_names, np.str_),
        "triangles": mesh.triangles,
        "uvs": mesh.uvs,
        "uv_triangles": mesh.uv_triangles,
        "part_names": np.array(list(mesh.parts)),
        "part_ranges": np.array([(part.start, part.stop) for part in mesh.parts.values()], np.int32),
        "landmark_triangles": e.landmark_triangles,
        "landmark_barycentric": e.landmark_barycentric,
        "dense_triangles": e.dense_triangles,
        "dense_barycentric": e.dense_barycentric,
        "region_names": np.array(list(model.regions)),
        "regions": np.stack([np.round(255 * weights) for weights in model.regions.values()]).astype(np.uint8),
        "face_box": np.array(model.face_box),
    }


def with_albedo(model: MorphableModel, path: Path) -> MorphableModel:
    """The model with the low-frequency albedo of a file."""
    arrays = read_arrays(path, "albedo model of facetex")
    missing = {"mean", "modes", "detail"} - set(arrays)
    if missing:
        raise ModelError(f"{path.name} is no albedo model of facetex: {', '.join(sorted(missing))} is missing")
    mean, modes, detail = (arrays[name].astype(np.float32) for name in ("mean", "modes", "detail"))
    return replace(model, albedo=AlbedoModel(mean, modes, detail))
