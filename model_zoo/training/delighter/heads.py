"""Heads to be lit anew for the delighter's network: normals, what each texel sees of the sphere, and an albedo.

Half of them are portraits as facetex fits and delights them, half are made up as `facetex eval synthetic` makes them. The
network is told the normals of a fit, and lit are those of a head that is off by as much as fits are.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
from facetex_plugins.delight.network import boxed, towards_camera

from facetex_core import FacetexError, Fit, MorphableModel
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.raycast import Scene
from facetex_core.geometry.uv_raster import interpolate
from facetex_core.io.photo_file import load_photo
from facetex_core.texture.regions import face_slices, skin_texels
from facetex_core.texture.unwrap import facing
from facetex_core.workbench.evaluation.synthetic import BANDS, MOST, face_vertices, outside_span, portrait, sample_expression
from facetex_core.workbench.evaluation.synthetic_render import SHADOW_OFFSET
from facetex_core.workbench.evaluation.synthetic_skin import sample_skin
from training.common.portraits import SIZE, basis, delit_view

WAYS = 256
"""Directions of light."""
OFF = 0.15
"""Standard deviations by which the coefficients of a fit are off, and with what lies outside of the model's span, in metres:"""
BEYOND = 0.0007
KNOWN = np.float16(0.02)
"""Visibility from which a texel is learned."""


@cache
def ways() -> np.ndarray:
    """A spiral over the sphere (WAYS, 3)."""
    k = np.arange(WAYS) + 0.5
    height, turn = 1 - 2 * k / WAYS, k * np.pi * (3 - np.sqrt(5))
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(turn), height, radius * np.sin(turn)], 1).astype(np.float32)


def normals_of(model: MorphableModel, vertices: np.ndarray) -> np.ndarray:
    """Unit normals over the whole map; 0 where there is no skin."""
    mesh = model.mesh
    normals = interpolate(skin_texels(model, SIZE), mesh, vertex_normals(vertices, mesh.triangles[mesh.parts["skin"]]))
    return normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-12)


def off(fit: Fit, rng: np.random.Generator) -> np.ndarray:
    """Vertices of the head whose fit this might be."""
    identity = fit.identity + OFF * rng.standard_normal(len(fit.identity)).astype(np.float32)
    return fit.model.vertices(identity, fit.expression) + np.float32(BEYOND) * outside_span(fit.model, rng)


def lit_head(fit: Fit, vertices: np.ndarray, visibility: np.ndarray, albedo: np.ndarray) -> dict[str, np.ndarray]:
    """What lighting needs of a head over the face's box; `visibility` and `albedo` are given there, too."""
    model = fit.model
    box = face_slices(model, SIZE)
    places, normals = interpolate(skin_texels(model, SIZE), model.mesh, vertices)[box], normals_of(model, vertices)[box]
    visibility = visibility.astype(np.float16)
    known = visibility > KNOWN
    points, normals = boxed(places, nearest=True), boxed(normals, nearest=True)
    scene, open_to = Scene(vertices, model.mesh.triangles), np.zeros((known.sum(), WAYS), bool)
    origins = (points + np.float32(SHADOW_OFFSET) * normals)[known]
    for number, way in enumerate(ways()):
        front = np.flatnonzero(normals[known] @ way > 0)
        open_to[front, number] = ~scene.blocked(origins[front], np.broadcast_to(way, (len(front), 3)))
    return {
        "visibility": visibility,
        "albedo": albedo.astype(np.float16),
        "told": boxed(normals_of(model, fit.vertices)[box]).astype(np.float16),
        "towards": towards_camera(fit).astype(np.float16),
        "normals": normals[known].astype(np.float16),
        "open": np.packbits(open_to, axis=1),
    }


def portrait_head(path: Path) -> dict[str, np.ndarray]:
    """Somebody's head, with the albedo of his portrait."""
    view = delit_view(load_photo(path), with_colour=True)
    texture, fit = view.albedo, view.fit
    rng = np.random.default_rng(len(path.stem))
    box = face_slices(fit.model, SIZE)
    weight = boxed((texture.visibility[box] > 0).astype(np.float32))
    albedo = boxed(texture.rgb[box]) / np.maximum(weight, 1e-3)[..., None]
    return lit_head(fit, off(fit, rng), boxed(texture.visibility[box]) * (weight > 0.5), albedo)


def made_up_head(seed: int) -> dict[str, np.ndarray]:
    """Nobody's head, seen from anywhere in front."""
    rng = np.random.default_rng(1_000_000 + seed)
    model = basis(with_colour=True)
    identity = rng.standard_normal(len(model.identity)).clip(-MOST, MOST).astype(np.float32)
    expression = sample_expression(model, rng)
    camera, _ = portrait(model.vertices(identity, expression)[face_vertices(model)], BANDS[seed % 3 == 2], rng)
    fit = Fit(model, identity, expression, camera)
    texels, box = skin_texels(model, SIZE), face_slices(model, SIZE)
    seen = np.zeros((SIZE, SIZE), np.float32)
    normals = normals_of(model, fit.vertices)
    seen[texels.inside] = facing(fit, interpolate(texels, model.mesh, fit.vertices)[texels.inside], normals[texels.inside])
    face = interpolate(texels, model.mesh, model.regions["face"][:, None])[..., 0]
    albedo, _ = sample_skin(model, SIZE, rng)
    return lit_head(fit, off(fit, rng), boxed((seen * np.clip(2 * face - 1, 0, 1))[box]), boxed(albedo[box]))


def _work(job: tuple[Callable[..., dict[str, np.ndarray]], object, Path]) -> str:
    import cv2

    cv2.setNumThreads(1)
    logging.getLogger("facetex").setLevel(logging.ERROR)
    make, told, target = job
    if target.exists():
        return f"{target.stem} is there"
    try:
        np.savez(target.with_suffix(".part.npz"), **make(told))
    except FacetexError as error:
        return f"left out {error}"
    target.with_suffix(".part.npz").replace(target)
    return target.stem


def make_heads(photos: Path, target: Path, made_up: int, jobs: int) -> None:
    """A file for every head, in parallel; what is there already is not made again."""
    target.mkdir(parents=True, exist_ok=True)
    work = [(portrait_head, path, target / f"portrait-{path.stem}.npz") for path in sorted(photos.glob("*.jpg"))]
    work += [(made_up_head, seed, target / f"made-up-{seed:03}.npz") for seed in range(made_up)]
    work.sort(key=lambda job: sum(map(ord, job[2].stem)) % 97)
    with ProcessPoolExecutor(jobs) as pool:
        for line in pool.map(_work, work):
            print(line, flush=True)
