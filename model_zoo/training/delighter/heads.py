"""Heads to be lit anew for the delighter's network: normals, what each texel sees of the sphere, and an albedo.

Some are portraits as facetex fits and delights them, some are made up as `facetex eval synthetic` makes them. The network is
given the normals of a fit, and lit are those of a head that is off by as much as fits are.
"""

import zlib
from functools import cache
from pathlib import Path

import numpy as np
from facetex_plugins.delight.network import boxed, towards_camera
from jaxtyping import Bool, Float, Float32, Shaped

from facetex_core import Fit, MorphableModel
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.raycast import Scene
from facetex_core.geometry.uv_raster import interpolate
from facetex_core.io.photo_file import load_photo
from facetex_core.texture.regions import face_slices, skin_texels
from facetex_core.texture.unwrap import facing
from facetex_core.workbench.evaluation.synthetic import BANDS, MOST, face_vertices, outside_span, portrait, sample_expression
from facetex_core.workbench.evaluation.synthetic_render import SHADOW_OFFSET
from facetex_core.workbench.evaluation.synthetic_skin import sample_skin
from training.common.portraits import SIZE, basis, delit_view, front_half

WAYS = 256
"""Directions of light."""
OFF = 0.15
"""Standard deviations by which the coefficients of a fit are off, and with what lies outside of the model's span, in metres:"""
BEYOND = 0.0007
KNOWN = np.float16(0.02)
"""Visibility from which a texel is learned."""


Vertices = Float[np.ndarray, "vertices 3"]
Arrays = dict[str, Shaped[np.ndarray, "..."]]


@cache
def ways() -> Float32[np.ndarray, "ways 3"]:
    """WAYS unit directions: a spiral over the sphere."""
    k = np.arange(WAYS) + 0.5
    height, turn = 1 - 2 * k / WAYS, k * np.pi * (3 - np.sqrt(5))
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(turn), height, radius * np.sin(turn)], 1).astype(np.float32)


def normals_of(model: MorphableModel, vertices: Vertices) -> Float[np.ndarray, "size size 3"]:
    """Unit normals over the whole map; 0 where there is no skin."""
    mesh = model.mesh
    normals = interpolate(skin_texels(model, SIZE), mesh, vertex_normals(vertices, mesh.triangles[mesh.parts["skin"]]))
    return normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-12)


def off(fit: Fit, rng: np.random.Generator) -> Vertices:
    """Vertices of the head whose fit this might be."""
    identity = fit.identity + OFF * rng.standard_normal(len(fit.identity)).astype(np.float32)
    return fit.model.vertices(identity, fit.expression) + np.float32(BEYOND) * outside_span(fit.model, rng)


def open_ways(
    model: MorphableModel, vertices: Vertices, points: Float[np.ndarray, "points 3"], normals: Float[np.ndarray, "points 3"]
) -> Bool[np.ndarray, "points ways"]:
    """Which directions nothing of the head hides from points of its skin."""
    scene, seen = Scene(vertices, model.mesh.triangles), np.zeros((len(points), WAYS), bool)
    origins = points + np.float32(SHADOW_OFFSET) * normals
    for number, way in enumerate(ways()):
        front = np.flatnonzero(normals @ way > 0)
        seen[front, number] = ~scene.blocked(origins[front], np.broadcast_to(way, (len(front), 3)))
    return seen


def lit_head(
    fit: Fit, vertices: Vertices, visibility: Float[np.ndarray, "side side"], albedo: Float[np.ndarray, "side side 3"]
) -> Arrays:
    """What lighting needs of a head over the face's box, for which visibility and linear albedo are given, too.

    `fitted_normals`, `towards` (the camera): side x side x 3; `normals`, and `open`, a bit a direction of `ways`: of the
    texels that are known.
    """
    model, box = fit.model, face_slices(fit.model, SIZE)
    places, normals = interpolate(skin_texels(model, SIZE), model.mesh, vertices)[box], normals_of(model, vertices)[box]
    visibility = visibility.astype(np.float16)
    known = visibility > KNOWN
    points, turned = (boxed(part, nearest=True)[known] for part in (places, normals))
    return {
        "visibility": visibility,
        "albedo": albedo.astype(np.float16),
        "fitted_normals": boxed(normals_of(model, fit.vertices)[box]).astype(np.float16),
        "towards": towards_camera(fit).astype(np.float16),
        "normals": turned.astype(np.float16),
        "open": np.packbits(open_ways(model, vertices, points, turned), axis=1),
    }


def portrait_head(path: Path) -> Arrays:
    """Somebody's head, with the albedo of the portrait."""
    view = delit_view(load_photo(path), front_half(with_colour=True))
    texture, fit, box = view.albedo, view.fit, face_slices(view.fit.model, SIZE)
    weight = boxed((texture.visibility[box] > 0).astype(np.float32))
    albedo = boxed(texture.rgb[box]) / np.maximum(weight, 1e-3)[..., None]
    vertices = off(fit, np.random.default_rng(zlib.crc32(path.stem.encode())))
    return lit_head(fit, vertices, boxed(texture.visibility[box]) * (weight > 0.5), albedo)


def made_up_fit(model: MorphableModel, steep: bool, rng: np.random.Generator) -> Fit:
    """Nobody's head, seen from anywhere in front, or further from the side."""
    identity = rng.standard_normal(len(model.identity)).clip(-MOST, MOST).astype(np.float32)
    expression = sample_expression(model, rng)
    camera, _ = portrait(model.vertices(identity, expression)[face_vertices(model)], BANDS[steep], rng)
    return Fit(model, identity, expression, camera)


def made_up_head(seed: int) -> Arrays:
    """Every third is seen further from the side."""
    rng, model = np.random.default_rng(1_000_000 + seed), basis(with_colour=True)
    fit, texels, box = made_up_fit(model, seed % 3 == 2, rng), skin_texels(model, SIZE), face_slices(model, SIZE)
    inside, normals = texels.inside, normals_of(model, fit.vertices)
    seen = np.zeros((SIZE, SIZE), np.float32)
    seen[inside] = facing(fit, interpolate(texels, model.mesh, fit.vertices)[inside], normals[inside])
    face = interpolate(texels, model.mesh, model.regions["face"][:, None])[..., 0]
    albedo, _ = sample_skin(model, SIZE, rng)
    return lit_head(fit, off(fit, rng), boxed((seen * np.clip(2 * face - 1, 0, 1))[box]), boxed(albedo[box]))
