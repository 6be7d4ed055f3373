"""Fitter whose identity is a posterior: what a network learned to expect of a person by the points that it sees of them.

The identity is the network's expectation, so its size is what the photo supports: a head of which little is seen stays near
the mean. Several photos count by how sure each is (the product of their Gaussians). With the identity held, pose and expression
follow from the points, each weighted by its own deviation (Wood et al. 2022, section 3.2). The camera's distance is the
network's, too, unless a focal length is given: it makes the perspective of a selfie.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np
from jaxtyping import Float64

from facetex_core import Device, Fit, Meta, Observation, hookimpl
from facetex_plugins.fit.basis import BasisFitter
from facetex_plugins.fit.energy.fit_person import fit_of, warn_of_poor
from facetex_plugins.fit.energy.gauss_newton import State
from facetex_plugins.fit.energy.landmark_term import LandmarkObservation, fit_landmarks, observe_landmarks
from facetex_plugins.fit.points.surface_net import Sighting, SurfaceNet
from facetex_plugins.fit.thresholds import ASSUMED_FOCAL, FOCAL_DEVIATION

api_version = 2
ROUNDS = 2
"""Fits, each with the focal length that the one before told."""
DIAGONAL = 43.27
"""Millimetres of 35 mm film."""


@hookimpl
def fitters() -> dict[str, type]:
    """One."""
    return {"posterior": PosteriorFitter}


class PosteriorFitter(BasisFitter):
    """Identity by a network that knows how sure it is; pose and expression by true points of the surface."""

    def __init__(
        self,
        focal: Annotated[
            float | None,
            Meta(ge=8, le=2000, description="focal length in millimetres of 35 mm film; without it the face tells"),
        ] = None,
        device: Device = "cpu",
    ) -> None:
        super().__init__()
        self.focal, self.network = focal, SurfaceNet(device)

    def fit(self, observations: Sequence[Observation]) -> tuple[Fit, ...]:
        """One identity for all photos."""
        looks = [self.network.look(each) for each in observations]
        identity = together(looks)
        fits = tuple(self._fit(each, look, identity) for each, look in zip(observations, looks, strict=True))
        for each, fit in zip(observations, fits, strict=True):
            warn_of_poor(each.photo, fit)
        return fits

    def _fit(self, seen: Observation, look: Sighting, identity: Float64[np.ndarray, "modes"]) -> Fit:
        """Pose and expression of one photo."""
        sight = observe_landmarks(self.model, seen.face, seen.photo.size)
        weights = (sight.unit / look.deviations) ** 2
        points = LandmarkObservation(
            self.network.places(self.model),
            look.points,
            weights,
            np.zeros((len(weights), 3)),
            sight.intrinsics,
            sight.size,
            sight.unit,
        )
        focal = ASSUMED_FOCAL * max(sight.size)
        if self.focal is not None:
            focal = self.focal / DIAGONAL * float(np.hypot(*sight.size))
        for _ in range(ROUNDS):
            points = replace(points, intrinsics=_intrinsics(points, focal))
            state = fit_landmarks(self.model, [points], identity)
            focal = focal if self.focal is not None else told_focal(points, state, look)
        (pose,) = state.poses
        return fit_of(self.model, replace(sight, intrinsics=points.intrinsics), state, pose)


def together(looks: Sequence[Sighting]) -> Float64[np.ndarray, "modes"]:
    """The identity of all photos, each coefficient by how sure each photo is of it."""
    sure = np.stack([1 / look.identity_deviations**2 for look in looks])
    return np.asarray((sure * np.stack([look.identity for look in looks])).sum(0) / sure.sum(0))


def told_focal(points: LandmarkObservation, state: State, look: Sighting) -> float:
    """Pixels, from how large the face is and how far away: the network's distance, and the usual portrait lens as its prior."""
    (pose,) = state.poses
    middle = pose.rotation @ points.surface_points.mean.mean(0) + pose.translation
    scale = np.log(points.intrinsics[0, 0] / middle[2])
    usual = np.log(ASSUMED_FOCAL * max(points.size))
    told, sure, prior = look.distance[0] + scale, 1 / look.distance[1] ** 2, 1 / FOCAL_DEVIATION**2
    return float(np.exp((sure * told + prior * usual) / (sure + prior)))


def _intrinsics(points: LandmarkObservation, focal: float) -> Float64[np.ndarray, "3 3"]:
    return np.array([[focal, 0, points.size[0] / 2], [0, focal, points.size[1] / 2], [0, 0, 1]])
