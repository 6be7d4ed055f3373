"""Points of a morphable model seen by a camera, with the derivatives of their pixels by all unknowns of a fit."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int

from facetex_core import MorphableModel
from facetex_plugins.fit.energy.gauss_newton import FrameParameters, State


@dataclass(frozen=True, eq=False, slots=True)
class SurfacePoints:
    """Points that move with the model, in metres; derivatives by identity and expression."""

    mean: Float64[np.ndarray, "points 3"]
    identity: Float64[np.ndarray, "points 3 modes"]
    expression: Float64[np.ndarray, "points 3 expressions"]


def surface_points_at(
    model: MorphableModel, vertices: Int[np.ndarray, "points corners"], weights: Float64[np.ndarray, "points corners"]
) -> SurfacePoints:
    """Points between vertices: (points, corners) indices and the share of each."""

    def at(values: Float32[np.ndarray, "*modes vertices 3"]) -> Float64[np.ndarray, "*modes points 3"]:
        return np.asarray(np.einsum("...pki,pk->...pi", values[..., vertices, :].astype(np.float64), weights))

    return SurfacePoints(at(model.mean), np.moveaxis(at(model.identity), 0, -1), np.moveaxis(at(model.expression), 0, -1))


def joined(first: SurfacePoints, second: SurfacePoints) -> SurfacePoints:
    """Both, one after the other."""
    rows = ((getattr(first, name), getattr(second, name)) for name in ("mean", "identity", "expression"))
    return SurfacePoints(*(np.concatenate(pair) for pair in rows))


def world(surface_points: SurfacePoints, state: State, pose: FrameParameters) -> Float64[np.ndarray, "points 3"]:
    """Where the points are, in metres."""
    return np.asarray(
        surface_points.mean + surface_points.identity @ state.identity + surface_points.expression @ pose.expression
    )


def observe(
    surface_points: SurfacePoints, state: State, pose: FrameParameters, intrinsics: Float64[np.ndarray, "3 3"]
) -> tuple[Float64[np.ndarray, "points 2"], Float64[np.ndarray, "points 2 unknowns"]]:
    """Where the points are seen, in pixels, and the Jacobian by turn, shift, identity and expression."""
    x, y, z = (world(surface_points, state, pose) @ pose.rotation.T + pose.translation).T
    zero = np.zeros_like(z)
    by_point = intrinsics[0, 0] * np.stack([np.stack([1 / z, zero, -x / z**2], 1), np.stack([zero, 1 / z, -y / z**2], 1)], 1)
    by_turn = np.stack([np.stack([zero, z, -y], 1), np.stack([-z, zero, x], 1), np.stack([y, -x, zero], 1)], 1)
    by_shape = pose.rotation @ np.concatenate([surface_points.identity, surface_points.expression], -1)
    motion = np.concatenate([by_turn, np.broadcast_to(np.eye(3), (len(z), 3, 3)), by_shape], -1)
    pixels = np.stack([x / z, y / z], 1) * intrinsics[0, 0] + intrinsics[:2, 2]
    return pixels, by_point @ motion
