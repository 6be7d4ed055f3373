"""The network of surface points: where places of the face basis lie in a photo, how surely, whose they are, and how far away.

Dense landmarks with a deviation each, learned from renders, as in Wood et al. 2022 (sections 3.1 and 3.2); the same network
tells the identity beside them. model_zoo/cards/surface_points.md
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from facetex_model_zoo import model_path
from jaxtyping import Float32, Float64, Int32

from facetex_core import Device, MorphableModel, Observation, PhotoError
from facetex_core.imaging.colour import encode_srgb
from facetex_core.imaging.face_square import cropped, wide_square_of
from facetex_core.io.onnx_session import open_session
from facetex_plugins.fit.energy.surface_points import SurfacePoints, surface_points_at
from facetex_plugins.fit.thresholds import SMALLEST_CROP

if TYPE_CHECKING:
    import onnxruntime

CROP = 112
LANDMARKS_68 = slice(468, 536)
"""Among the places."""
ANSWERS = ["points", "deviations", "identity", "identity_deviations", "distance"]


@dataclass(frozen=True, eq=False, slots=True)
class SurfacePrediction:
    """What one photo shows."""

    points: Float64[np.ndarray, "places 2"]
    """In pixels,"""
    deviations: Float64[np.ndarray, "places"]
    """and how far each may be off along either axis: one standard deviation."""
    identity: Float64[np.ndarray, "modes"]
    identity_deviations: Float64[np.ndarray, "modes"]
    distance: tuple[float, float]
    """Logarithm of metres from the camera to the face if it were as large as the mean one; its deviation."""


class SurfaceNet:
    """The network, opened when first needed."""

    def __init__(self, device: Device) -> None:
        self.device = device

    def predict(self, seen: Observation) -> SurfacePrediction:
        """The face of a photo; refuses one of too few pixels."""
        square = wide_square_of(seen.face.landmarks)
        if square.side < SMALLEST_CROP:
            told = f"the face is too small for its points ({square.side:.0f} pixels about it; {SMALLEST_CROP:.0f} are needed)"
            raise PhotoError(f"{seen.photo.name}: {told}")
        crop = encode_srgb(cropped(seen.photo.rgb, square, CROP)).transpose(2, 0, 1)
        points, deviations, identity, sure, distance = (
            row[0].astype(np.float64) for row in self._session.run(ANSWERS, {"crop": crop[None].astype(np.float32)})
        )
        back = np.linalg.inv(square.matrix(CROP))
        pixels = CROP * points @ back[:2, :2].T + back[:2, 2]
        return SurfacePrediction(pixels, square.side * deviations, identity, sure, (float(distance[0]), float(distance[1])))

    def places(self, model: MorphableModel) -> SurfacePoints:
        """The places on the face basis, in the order of `SurfacePrediction.points`."""
        triangles, weights = self._stored
        return surface_points_at(model, model.mesh.triangles[triangles], weights.astype(np.float64))

    @cached_property
    def _stored(self) -> tuple[Int32[np.ndarray, "places"], Float32[np.ndarray, "places 3"]]:
        """Triangle and barycentric weights of each place."""
        blank = np.zeros((1, 3, CROP, CROP), np.float32)
        triangles, weights = self._session.run(["triangles", "weights"], {"crop": blank})
        return triangles.astype(np.int32), weights

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        return open_session(model_path("surface_points"), self.device)
