"""Fitter whose identity is a posterior: a network's expectation of a person, and the points of the face that it sees.

    E = w_p sum_j rho(|Pi(R v_j(a, b) + t) - x_j|^2 / s_j^2) + w_lan E_lan + w_a |(a - m) / d|^2 + w_b |b|^2

x_j are true places of the surface with a deviation s_j each (dense landmarks: Wood et al. 2022, section 3.2); m and d are the
identity that the same network expects, and how sure it is of each coefficient. A head of which little is seen stays near the
mean, and one that is seen well goes as far as it is seen to go. The detector's landmarks, taught by photographs, have a small
say (E_lan: landmark_term.py): of real heads they know what renders do not teach. Several photos count by how sure each is.
The network tells the camera's distance, too, unless the photo's focal length is known. Once the person is found, pose and
expression follow places and landmarks alike.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from facetex_core import Device, Fit, MorphableModel, Observation, Photo, hookimpl
from facetex_plugins.fit.basis import BasisFitter
from facetex_plugins.fit.energy.fit_person import fit_of, warn_of_poor, warn_of_strangers
from facetex_plugins.fit.energy.gauss_newton import FrameParameters, State
from facetex_plugins.fit.energy.landmark_term import LandmarkObservation, fit_landmarks, observe_landmarks
from facetex_plugins.fit.energy.surface_points import joined
from facetex_plugins.fit.points.surface_net import LANDMARKS_68, SurfaceNet, SurfacePrediction
from facetex_plugins.fit.thresholds import ASSUMED_FOCAL, FOCAL_DEVIATION, LANDMARKS_SHARE, POINTS_WEIGHT

api_version = 2
Coefficients = Float64[np.ndarray, "modes"]


@hookimpl
def fitters() -> dict[str, type]:
    """One."""
    return {"posterior": PosteriorFitter}


class PosteriorFitter(BasisFitter):
    """Identity as far as the photo supports it: a network's expectation and true points of the surface, each with its doubt."""

    def __init__(self, device: Device = "cpu") -> None:
        super().__init__()
        self.network = SurfaceNet(device)

    def fit(self, observations: Sequence[Observation]) -> tuple[Fit, ...]:
        """One identity for all photos, found by all."""
        photos, predictions = [each.photo for each in observations], [self.network.predict(each) for each in observations]
        sights = [observe_landmarks(self.model, each.face, each.photo.size, each.photo.focal) for each in observations]
        warn_of_strangers(self.model, photos, sights)
        expected, deviations = together(predictions)
        about = _about(self.model, expected, deviations)
        points = [self._points(about, *row) for row in zip(observations, predictions, strict=True)]
        first = fit_landmarks(about, points)
        focused = [_focused(*row) for row in zip(photos, points, predictions, first.poses, strict=True)]
        person = fit_landmarks(about, focused).identity
        firm = [_with_whole_landmarks(*row) for row in zip(focused, predictions, strict=True)]
        state = State(expected + deviations * person, fit_landmarks(about, firm, person).poses)
        rows = zip(sights, focused, state.poses, strict=True)
        fits = tuple(fit_of(self.model, replace(sight, intrinsics=own.intrinsics), state, pose) for sight, own, pose in rows)
        for photo, fit in zip(photos, fits, strict=True):
            warn_of_poor(photo, fit)
        return fits

    def _points(self, about: MorphableModel, seen: Observation, prediction: SurfacePrediction) -> LandmarkObservation:
        """The places that the network sees, each weighted by its deviation, and the detector's landmarks."""
        landmarks = observe_landmarks(about, seen.face, seen.photo.size, seen.photo.focal)
        weights = POINTS_WEIGHT * (landmarks.unit / prediction.deviations) ** 2
        places, still = self.network.places(about), np.zeros((len(weights), 3))
        return replace(
            landmarks,
            surface_points=joined(places, landmarks.surface_points),
            seen=np.concatenate([prediction.points, landmarks.seen]),
            weights=np.concatenate([weights, LANDMARKS_SHARE * landmarks.weights]),
            normals=np.concatenate([still, landmarks.normals]),
        )


def together(predictions: Sequence[SurfacePrediction]) -> tuple[Coefficients, Coefficients]:
    """What all photos let expect, each by how sure it is. No surer than they are one by one: photos of a person err alike."""
    sure = np.stack([1 / prediction.identity_deviations**2 for prediction in predictions])
    mean = (sure * np.stack([prediction.identity for prediction in predictions])).sum(0) / sure.sum(0)
    return mean, 1 / np.sqrt(sure.mean(0))


def _about(model: MorphableModel, expected: Coefficients, deviations: Coefficients) -> MorphableModel:
    """The model about the expected person: its coefficients count from there, in that person's deviations."""
    mean = model.mean + np.tensordot(expected, model.identity, 1)
    modes = deviations[:, None, None] * model.identity
    return replace(model, mean=mean.astype(np.float32), identity=modes.astype(np.float32))


def _with_whole_landmarks(points: LandmarkObservation, prediction: SurfacePrediction) -> LandmarkObservation:
    """For pose and expression the detector's landmarks have their whole weight: lips and lids have to land on the photo's."""
    landmarks = np.arange(len(points.weights)) >= len(prediction.points)
    return replace(points, weights=np.where(landmarks, points.weights / LANDMARKS_SHARE, points.weights))


def _focused(
    photo: Photo, points: LandmarkObservation, prediction: SurfacePrediction, pose: FrameParameters
) -> LandmarkObservation:
    """With the focal length that the photo has, or else that at which the face is as large at the distance that was told.

    A portrait lens is its prior.
    """
    if photo.focal:
        return points
    middle = (pose.rotation @ points.surface_points.mean[LANDMARKS_68].mean(0) + pose.translation)[2]
    log_focal = prediction.distance[0] + np.log(points.intrinsics[0, 0] / middle)
    usual = np.log(ASSUMED_FOCAL * max(points.size))
    sure, prior = 1 / prediction.distance[1] ** 2, 1 / FOCAL_DEVIATION**2
    focal = float(np.exp((sure * log_focal + prior * usual) / (sure + prior)))
    return replace(points, intrinsics=np.diag([focal, focal, 1.0]) + points.intrinsics * [[0, 0, 1], [0, 0, 1], [0, 0, 0]])
