"""CoarseNet (Richardson, Sela, Or-El, Kimmel 2017, section 3.1): identity, expression and pose by a network, without a search.

The network sees the grey photo in an upright crop, and PNCC and normals of the head so far, rendered into the same crop; it
begins with the mean head. As published, its answer is fed back. Here it speaks of our basis (80 identity modes, 51 ARKit
expressions) at half the paper's resolution, was trained on wider heads than the basis has, and the pose makes a whole camera,
focal length and all (feedback/estimate.py); model_zoo/cards/coarsenet.md. The detector's landmarks lay the crop and count for
nothing else, so what the head's landmarks miss is a measure of the network.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import numpy as np
from facetex_model_zoo import model_path
from facetex_plugins.fit.behind_lips import behind_lips
from facetex_plugins.fit.energy.fit_person import LANDMARKS
from facetex_plugins.fit.feedback.channels import feedback, network_picture, thinned
from facetex_plugins.fit.feedback.estimate import Estimate, photo_camera, principal_of, start, updated
from facetex_plugins.fit.feedback.face_square import FaceSquare, cropped, grey, square_of
from facetex_plugins.fit.thresholds import SMALLEST_CROP
from jaxtyping import Float32

from facetex_core import Device, Fit, Meta, MorphableModel, Observation, PhotoError
from facetex_core.geometry.camera import project
from facetex_core.geometry.landmarks import eye_distance
from facetex_core.geometry.model_file import load_morphable_model, with_albedo
from facetex_core.imaging.colour import encode_srgb
from facetex_core.io.onnx_session import open_session

if TYPE_CHECKING:
    import onnxruntime

INNER = slice(17, 68)
"""Brows, nose, eyes, mouth."""
OUTPUTS = ["pose", "identity", "expression", "deviation"]


class CoarseNetFitter:
    """CoarseNet of Richardson 2017: a network looks at the photo and at its own head in turn; a tenth of the default's time."""

    waived_checks = ("its_own_head_is_found_again",)
    """It fits the picture; landmarks that are not the picture's say nothing to it."""

    def __init__(
        self,
        passes: Annotated[
            int, Meta(ge=1, le=100, description="how often the network looks, each time at its own head so far")
        ] = 4,
        device: Device = "cpu",
    ) -> None:
        self.passes, self.device = passes, device
        self.files = model_path("face_basis"), model_path("skin_albedo")

    @cached_property
    def model(self) -> MorphableModel:
        """The basis, read when first needed."""
        shape, albedo = self.files
        return with_albedo(load_morphable_model(shape), albedo)

    def fit(self, observations: Sequence[Observation]) -> tuple[Fit, ...]:
        """The identity of all photos is their mean, each coefficient weighted by how sure each photo is of it."""
        squares = [_laid(each) for each in observations]
        seen = [self._looked_at(each, square) for each, square in zip(observations, squares, strict=True)]
        sure = np.stack([1 / deviation**2 for _, deviation in seen])
        identity = (sure * np.stack([found.identity for found, _ in seen])).sum(0) / sure.sum(0)
        rows = zip(observations, squares, seen, strict=True)
        return tuple(self._fit(each, square, found, identity) for each, square, (found, _) in rows)

    def _looked_at(self, seen: Observation, square: FaceSquare) -> tuple[Estimate, Float32[np.ndarray, " modes"]]:
        """The last estimate of a photo's face, and the deviation of its identity."""
        picture = grey(encode_srgb(cropped(seen.photo.rgb, square)))
        thin, principal = thinned(self.model), principal_of(square, seen.photo.size)
        present = start(len(self.model.identity), len(self.model.expression))
        deviation = np.ones(len(self.model.identity), np.float32)
        for _ in range(self.passes):
            channels = network_picture(picture, feedback(thin, present, principal))
            pose, identity, expression, deviation = (row[0] for row in self._session.run(OUTPUTS, {"picture": channels[None]}))
            present = updated(present, pose, identity, expression)
        return present, deviation

    def _fit(self, seen: Observation, square: FaceSquare, found: Estimate, identity: Float32[np.ndarray, " modes"]) -> Fit:
        """What an estimate means for a photo."""
        model, expression = self.model, found.expression.clip(*self.model.expression_range)
        camera = photo_camera(found, thinned(model).pivot, square, seen.photo.size)
        fit = Fit(model, identity.astype(np.float32), expression, camera)
        where = model.embedding
        corners = fit.vertices[model.mesh.triangles[where.landmark_triangles]]
        points = np.einsum("pc,pcd->pd", where.landmark_barycentric, corners).astype(np.float32)
        off = np.linalg.norm(project(camera, points) - seen.face.landmarks, axis=1)[INNER].mean()
        left = {LANDMARKS: float(100 * off / eye_distance(seen.face.landmarks))}
        return Fit(model, fit.identity, expression, camera, left, None, behind_lips(model, fit.vertices))

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        return open_session(model_path("coarsenet"), self.device)


def _laid(seen: Observation) -> FaceSquare:
    """The square that the network sees; refuses faces of too few pixels."""
    square = square_of(seen.face.landmarks)
    if square.side < SMALLEST_CROP:
        told = f"the face is too small for coarsenet ({square.side:.0f} pixels about it; it needs {SMALLEST_CROP:.0f})"
        raise PhotoError(f"{seen.photo.name}: {told}")
    return square
