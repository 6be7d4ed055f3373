"""CoarseNet (Richardson, Sela, Or-El, Kimmel 2017, section 3.1): identity, expression and pose by a network, without a search.

The network sees the grey photo in an upright crop, and PNCC and normals of the head so far, rendered into the same crop; it
begins with the mean head. As published, its answer is fed back. Here it speaks of our basis (80 identity modes, 51 ARKit
expressions), was trained on wider heads than the basis has, and the pose makes a whole camera, focal length and all
(feedback/estimate.py); model_zoo/cards/coarsenet.md. The detector's landmarks lay the crop and, once the head stands, the
residual flow that the texture follows. They do not move the head, so what it misses of them is a measure of the network.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import numpy as np
from facetex_model_zoo import model_path
from jaxtyping import Float64

from facetex_core import Device, Fit, Meta, Observation, Photo, PhotoError, hookimpl
from facetex_core.imaging.colour import encode_srgb
from facetex_core.imaging.face_square import FaceSquare, cropped, grey, wide_square_of
from facetex_core.io.onnx_session import open_session
from facetex_plugins.fit.basis import BasisFitter
from facetex_plugins.fit.energy.fit_person import fit_of, warn_of_strangers
from facetex_plugins.fit.energy.gauss_newton import FrameParameters, State
from facetex_plugins.fit.energy.landmark_term import LandmarkObservation, observe_landmarks
from facetex_plugins.fit.feedback.channels import feedback, network_picture, thinned
from facetex_plugins.fit.feedback.estimate import SEEN_SIDE, Estimate, answered, photo_camera, principal_of, start
from facetex_plugins.fit.thresholds import SMALLEST_CROP

if TYPE_CHECKING:
    import onnxruntime

api_version = 2
ASKED = ["pose", "identity", "expression", "deviation"]
Looked = tuple[Estimate, Float64[np.ndarray, "modes"]]


@hookimpl
def fitters() -> dict[str, type]:
    """One."""
    return {"coarsenet": CoarseNetFitter}


class CoarseNetFitter(BasisFitter):
    """CoarseNet of Richardson 2017: a network looks at the photo and at its own head in turn; it searches nothing."""

    waived_checks = ("its_own_head_is_found_again",)
    """It fits the picture; landmarks that are not the picture's say nothing to it."""

    def __init__(
        self,
        passes: Annotated[
            int, Meta(ge=1, le=100, description="how often the network looks, each time at its own head so far")
        ] = 3,
        device: Device = "cpu",
    ) -> None:
        super().__init__()
        self.passes, self.device = passes, device

    def fit(self, observations: Sequence[Observation]) -> tuple[Fit, ...]:
        """The identity of all photos is their mean, each coefficient weighted by how sure each photo is of it."""
        squares = [_laid(each) for each in observations]
        looked = [self._looked_at(each, square) for each, square in zip(observations, squares, strict=True)]
        sure = np.stack([1 / deviation**2 for _, deviation in looked])
        identity = (sure * np.stack([found.identity for found, _ in looked])).sum(0) / sure.sum(0)
        sights = [observe_landmarks(self.model, each.face, each.photo.size) for each in observations]
        warn_of_strangers(self.model, [each.photo for each in observations], sights)
        rows = zip(observations, sights, squares, looked, strict=True)
        return tuple(self._fit(each.photo, sight, square, found, identity) for each, sight, square, (found, _) in rows)

    def _looked_at(self, seen: Observation, square: FaceSquare) -> Looked:
        """The last estimate of a photo's face, and the deviation of its identity."""
        picture = grey(encode_srgb(cropped(seen.photo.rgb, square, SEEN_SIDE)))
        thin, principal = thinned(self.model), principal_of(square, seen.photo.size)
        present = start(len(self.model.identity), len(self.model.expression))
        deviation = np.ones(len(self.model.identity))
        for _ in range(self.passes):
            channels = network_picture(picture, feedback(thin, present, principal))
            pose, identity, expression, deviation = (row[0] for row in self._session.run(ASKED, {"picture": channels[None]}))
            present = answered(pose, identity, expression)
        return present, deviation.astype(np.float64)

    def _fit(
        self,
        photo: Photo,
        sight: LandmarkObservation,
        square: FaceSquare,
        found: Estimate,
        identity: Float64[np.ndarray, "modes"],
    ) -> Fit:
        """What an estimate means for a photo."""
        camera = photo_camera(found, thinned(self.model).pivot, square, photo.size)
        matrix = camera.world_to_camera.astype(np.float64)
        expression = found.expression.clip(*self.model.expression_range).astype(np.float64)
        pose = FrameParameters(matrix[:3, :3], matrix[:3, 3], expression)
        seen = replace(sight, intrinsics=camera.intrinsics.astype(np.float64))
        return fit_of(self.model, seen, State(identity, (pose,)), pose)

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        return open_session(model_path("coarsenet"), self.device)


def _laid(seen: Observation) -> FaceSquare:
    """The square that the network sees; refuses faces of too few pixels."""
    square = wide_square_of(seen.face.landmarks)
    if square.side < SMALLEST_CROP:
        told = f"the face is too small for coarsenet ({square.side:.0f} pixels about it; it needs {SMALLEST_CROP:.0f})"
        raise PhotoError(f"{seen.photo.name}: {told}")
    return square
