"""A recipe's picture and everything that is true of it, as arrays, by either renderer."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Shaped

from facetex_core.imaging.colour import to_bytes
from facetex_core.structures import MorphableModel
from training.world.buffers import filtered, middles, normals_seen, seen_points
from training.world.figure import Figure, Maker
from training.world.light import sampled
from training.world.recipe import draw
from training.world.render_raster import Raster, Rendered, picture
from training.world.settings import Settings

Arrays = dict[str, Shaped[np.ndarray, "..."]]


def shot(maker: Maker, number: int, settings: Settings) -> Arrays:
    """The fields of a picture as shards hold them."""
    figure = maker.figure(draw(number, maker.model, settings), settings.side)
    raster = Raster(figure)
    rendered = raster.render()
    if settings.renderer == "mitsuba":
        from training.world.render_mitsuba import traced

        linear, covered = traced(raster, rendered, settings.samples)
    else:
        linear, covered = picture(raster, rendered)
    cover = filtered(rendered.cover, settings.side)
    seen = {"picture": to_bytes(linear), "alpha": _byte(covered), "cover": _byte(cover[..., 1])}
    return seen | surfaces(raster, rendered) | numbers(raster, cover[..., 1])


def surfaces(raster: Raster, rendered: Rendered) -> Arrays:
    """Of the head itself, under what is worn: where each pixel's middle lies on it. Outside of it 0, and triangle -1."""
    figure, side = raster.figure, raster.figure.camera.size[0]
    mesh, hits = figure.model.mesh, raster.hits.middles(side)
    hit = hits.triangle >= 0
    turn = figure.camera.world_to_camera[:3, :3]
    normals, depth = np.zeros((len(hit), 3), np.float32), np.zeros(len(hit), np.float32)
    normals[hit] = normals_seen(raster.normals, mesh.triangles, hits, hit) @ turn.T
    depth[hit] = hits.depth[hit] - origin(figure)
    albedo, relief = np.zeros((len(hit), 3), np.float32), np.zeros(len(hit), np.float32)
    uvs = np.matmul(hits.weights[hit][:, None], mesh.uvs[mesh.uv_triangles[hits.triangle[hit]]])[:, 0]
    albedo[hit], relief[hit] = sampled(figure.skin.albedo, uvs), sampled(figure.skin.relief, uvs)[:, 0]
    of_pixels: Arrays = {
        "depth": depth.astype(np.float16),
        "normals": np.round(127 * normals).astype(np.int8),
        "triangle": hits.triangle,
        "weights": np.where(hit[:, None], hits.weights[:, :2], 0).astype(np.float16),
        "albedo": to_bytes(albedo),
        "relief": relief.astype(np.float16),
    }
    label = middles(rendered.label, side).astype(np.uint8)
    return {name: values.reshape(side, side, *values.shape[1:]) for name, values in of_pixels.items()} | {"label": label}


def numbers(raster: Raster, cover: Float[np.ndarray, "side side"]) -> Arrays:
    """Points and coefficients."""
    figure, recipe = raster.figure, raster.figure.recipe
    points, seen = seen_points(figure, raster.body, cover)
    return {
        "points": points,
        "seen": seen,
        "identity": figure.identity,
        "expression": recipe.expression,
        "shape": (figure.neutral - figure.model.mean).astype(np.float16),
        "intrinsics": figure.camera.intrinsics,
        "world_to_camera": figure.camera.world_to_camera,
        "angles": np.array([recipe.pose.yaw, recipe.pose.pitch, recipe.pose.roll], np.float32),
        "light": (figure.light.harmonics() * raster.level()).astype(np.float32),
        "origin": np.float32(origin(figure)),
        "number": np.int32(recipe.number),
    }


def origin(figure: Figure) -> float:
    """Depth of the head's own origin, from which depths are counted in shards: 16 bits then resolve .06 mm."""
    return float(figure.camera.world_to_camera[2, 3])


def interpolated(
    values: Float[np.ndarray, "vertices channels"], model: MorphableModel, fields: Mapping[str, Shaped[np.ndarray, "..."]]
) -> Float[np.ndarray, "side side channels"]:
    """Anything that vertices have, at the pixels: the mean head's places are a face-position code (PNCC). 0 outside."""
    triangle, weights = fields["triangle"], fields["weights"].astype(np.float32)
    whole = np.concatenate([weights, 1 - weights.sum(2, keepdims=True)], 2)
    found = np.einsum("ijk,ijkc->ijc", whole, values[model.mesh.triangles[triangle]])
    return np.where(triangle[..., None] >= 0, found, 0)


def _byte(share: Float[np.ndarray, "side side"]) -> Shaped[np.ndarray, "side side"]:
    return np.round(255 * share.clip(0, 1)).astype(np.uint8)
