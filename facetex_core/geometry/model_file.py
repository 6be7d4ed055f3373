"""Reads and writes a morphable model as a zip of arrays (npz) without pickles."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Integer

from facetex_core.errors import ModelError
from facetex_core.io.npz import Arrays, read_arrays
from facetex_core.structures import AlbedoModel, Corrective, Embedding, Mesh, MorphableModel

FIELDS = ("vertices", "sources", "weights")
"""Of a corrective, beside the shape."""
REGIONS = ("face", "lips", "brows", "eyes", "nostrils")
"""Without which nothing can be fitted."""


def load_morphable_model(path: Path) -> MorphableModel:
    """The model of a file; modes are stored as half-precision numbers."""
    arrays = read_arrays(path, "morphable model of facetex")
    try:
        return assemble(arrays, path.stem)
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{path.name} is no morphable model of facetex: {error} is missing or of another shape") from None


def assemble(arrays: Arrays, name: str) -> MorphableModel:
    """The model of a file's arrays."""
    ranges = zip(arrays["part_names"].tolist(), arrays["part_ranges"].tolist(), strict=True)
    parts = {part: slice(start, stop) for part, (start, stop) in ranges}
    mean = arrays["mean"].astype(np.float32)
    left, top, right, bottom = (float(edge) for edge in arrays["face_box"])
    model = MorphableModel(
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
        correctives=_correctives(arrays) if "corrective_shapes" in arrays else (),
    )
    _refuse_torn(model)
    return model


def _correctives(arrays: Arrays) -> tuple[Corrective, ...]:
    names = arrays["expression_names"].tolist()
    fields = (arrays[f"corrective_{name}"] for name in ("shapes", *FIELDS))
    return tuple(Corrective(names.index(shape), *rest) for shape, *rest in zip(*fields, strict=True))


def _refuse_torn(model: MorphableModel) -> None:
    """ValueError where the parts of a model do not belong together, or hold numbers that are none."""
    mesh, points, count = model.mesh, model.embedding, len(model.mean)
    for name, modes in (("identity", model.identity), ("expression", model.expression)):
        if modes.shape[1:] != (count, 3) or not np.isfinite(modes).all():
            raise ValueError(name)
    if model.mean.shape != (count, 3) or not np.isfinite(model.mean).all():
        raise ValueError("mean")
    if mesh.uvs.shape != (len(mesh.uvs), 2) or not np.isfinite(mesh.uvs).all():
        raise ValueError("uvs")
    for name, corners, most in (("triangles", mesh.triangles, count), ("uv_triangles", mesh.uv_triangles, len(mesh.uvs))):
        if corners.dtype != np.int32 or corners.shape != (len(mesh.triangles), 3) or not _counts(corners, most):
            raise ValueError(name)
    if "skin" not in mesh.parts or any(not 0 <= p.start < p.stop <= len(mesh.triangles) for p in mesh.parts.values()):
        raise ValueError("part_ranges")
    for name, which, weights in (
        ("landmark", points.landmark_triangles, points.landmark_barycentric),
        ("dense", points.dense_triangles, points.dense_barycentric),
    ):
        if weights.shape != (*which.shape, 3) or not np.isfinite(weights).all() or not _counts(which, len(mesh.triangles)):
            raise ValueError(f"{name}_barycentric")
    if len(points.landmark_triangles) != 68 or len(model.expression_names) != len(model.expression):
        raise ValueError("a landmark or the name of an expression")
    regions = [model.regions.get(name) for name in REGIONS]
    if any(each is None or each.shape != (count,) or not each.max() > 0.5 for each in regions):
        raise ValueError("a region")
    for each in model.correctives:
        _refuse_torn_corrective(each, count)


def _refuse_torn_corrective(corrective: Corrective, count: int) -> None:
    shape = len(corrective.vertices), len(corrective.sources)
    counts = all(_counts(numbers, count) for numbers in (corrective.vertices, corrective.sources))
    if not counts or corrective.weights.shape != shape or not np.isfinite(corrective.weights).all():
        raise ValueError("corrective_weights")


def _counts(numbers: Integer[np.ndarray, "*shape"], most: int) -> bool:
    """Whether all count something of which there are `most`."""
    return len(numbers) > 0 and 0 <= int(numbers.min()) <= int(numbers.max()) < most


def arrays_of(model: MorphableModel) -> Arrays:
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
        **_arrays_of_correctives(model),
    }


def _arrays_of_correctives(model: MorphableModel) -> Arrays:
    """All have as many vertices and sources."""
    if not model.correctives:
        return {}
    stacked = {f"corrective_{name}": np.stack([getattr(each, name) for each in model.correctives]) for name in FIELDS}
    return {"corrective_shapes": np.array([model.expression_names[each.shape] for each in model.correctives])} | stacked


def with_albedo(model: MorphableModel, path: Path) -> MorphableModel:
    """The model with the low-frequency albedo of a file."""
    arrays = read_arrays(path, "albedo model of facetex")
    missing = {"mean", "modes", "detail"} - set(arrays)
    if missing:
        raise ModelError(f"{path.name} is no albedo model of facetex: {', '.join(sorted(missing))} is missing")
    mean, modes, detail = (arrays[name].astype(np.float32) for name in ("mean", "modes", "detail"))
    return replace(model, albedo=AlbedoModel(mean, modes, detail))
