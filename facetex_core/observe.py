"""The front half: from a photo to what it shows of a face's albedo. Runs, banks, evaluations and trainings all go this way."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np

from facetex_core import stages
from facetex_core.boundary import guard, step
from facetex_core.errors import PhotoError
from facetex_core.geometry.camera import yaw_degrees
from facetex_core.messages import warn
from facetex_core.stages import CHAINED, STAGES
from facetex_core.structures import DelitView, Face, Fit, LitView, Observation, Photo, Texture, View
from facetex_core.texture.thresholds import BRIGHTEST_FACE, DARKEST_FACE, LEAST_SKIN, SMALLEST_FACE, WIDEST_YAW
from facetex_core.texture.unwrap import unwrap

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, eq=False, kw_only=True)
class Observer:
    """The stages before the fit, behind the door whoever made them."""

    detector: stages.Detector
    restorer: tuple[stages.Restorer, ...]
    """One after the other."""
    segmenter: stages.Segmenter

    @classmethod
    def roles(cls) -> tuple[str, ...]:
        """The stages that it is made of."""
        names = [field.name for field in fields(cls)]
        return tuple(role for role in STAGES if role in names)

    def __post_init__(self) -> None:
        """Stages that do not come from the registry are put behind the door, too."""
        for role in self.roles():
            given = getattr(self, role)
            guarded = tuple(guard(stage, role) for stage in given) if role in CHAINED else guard(given, role)
            object.__setattr__(self, role, guarded)

    def observe(self, photo: Photo, number: int | None = None) -> Observation:
        """The largest face, or face number `number` from 1, in the restored photo, and what covers it."""
        face = choose(self.detector.detect(photo), number, photo)
        for restorer in self.restorer:
            photo = restorer.restore(photo, face)
        return Observation(photo, face, self.segmenter.segment(photo, face))


@dataclass(frozen=True, eq=False, kw_only=True)
class FrontHalf(Observer):
    """The stages as far as the delighter."""

    fitter: stages.Fitter
    cleaner: tuple[stages.Cleaner, ...]
    """One after the other."""
    light_estimator: stages.LightEstimator
    delighter: stages.Delighter
    size: int = 1024
    """Texels along one side of the map."""

    def unwrapped(self, observation: Observation, fit: Fit) -> LitView:
        """The photo on the map, cleaned, and its light; a face that shows too little is a PhotoError."""
        photo = observation.photo
        refuse_profile(fit, photo)
        view = View(observation, fit, step("unwrap", unwrap, photo, fit, observation.segmentation.skin, self.size))
        refuse_hidden(view.lit, photo)
        for cleaner in self.cleaner:
            view = View(observation, fit, cleaner.clean(view))
        refuse_dark(view.lit, photo)
        return LitView(observation, fit, view.lit, self.light_estimator.estimate(view))

    def delit(self, view: LitView) -> DelitView:
        """The albedo where the photo shows it, and the light under which it looks like the photo."""
        albedo = self.delighter.delight(view)
        refuse_hidden(albedo, view.photo)
        delit = DelitView(view.observation, view.fit, view.lit, view.appearance, albedo)
        return DelitView(view.observation, view.fit, view.lit, self.light_estimator.estimate(delit), albedo)

    def views(self, observations: Sequence[Observation]) -> list[DelitView]:
        """All photos fitted together; again if one turns out to be useless, so that it has no say in the others' fit."""
        fits = self.fitter.fit(observations)
        pairs = zip(observations, fits, strict=True)
        views = usable(lambda pair: self.delit(self.unwrapped(*pair)), pairs)
        return views if len(views) == len(observations) else self.views([view.observation for view in views])


def usable(make: Callable[[Given], Made], given: Iterable[Given]) -> list[Made]:
    """What is made of each photo; one that cannot be used is left out with a warning, an error if none can."""
    made, refused = [], []
    for each in given:
        try:
            made.append(make(each))
        except PhotoError as error:
            refused.append(str(error))
    if not made:
        raise PhotoError("; ".join(refused))
    for reason in refused:
        warn(f"left out: {reason}")
    return made


def choose(faces: tuple[Face, ...], number: int | None, photo: Photo) -> Face:
    """The face asked for, or the largest; says so where there are several."""
    if not faces:
        raise PhotoError(
            f"{photo.name}: no face found; facetex needs one face, upright within 45 degrees and over {SMALLEST_FACE} pixels"
        )
    if number is not None and not 1 <= number <= len(faces):
        raise PhotoError(f"{photo.name}: there is no face {number}; faces found: {len(faces)}")
    if number is None and len(faces) > 1:
        warn(f"{photo.name}: {len(faces)} faces found; the largest is used (--face N chooses another)")
    face = faces[(number or 1) - 1]
    extent = float(max(face.box[2:] - face.box[:2]))
    if extent < SMALLEST_FACE:
        raise PhotoError(f"{photo.name}: the face is {extent:.0f} pixels large; at least {SMALLEST_FACE} are needed")
    return face


def refuse_profile(fit: Fit, photo: Photo) -> None:
    """A photo that shows one side only has nothing to hold the other side to."""
    yaw = abs(yaw_degrees(fit.camera))
    if yaw > WIDEST_YAW:
        raise PhotoError(f"{photo.name}: the face is turned by {yaw:.0f} degrees; up to {WIDEST_YAW:.0f} can be used")


def refuse_hidden(texture: Texture, photo: Photo) -> None:
    """Without skin there is no texture."""
    share = float((texture.visibility > 0).mean())
    if share < LEAST_SKIN:
        raise PhotoError(f"{photo.name}: hardly any skin can be used ({share:.1%} of the map; {LEAST_SKIN:.0%} are needed)")


def refuse_dark(lit: Texture, photo: Photo) -> None:
    """Skin in the dark or burnt out has no colour left."""
    middle = float(np.median(lit.rgb[lit.visibility > 0]))
    if not DARKEST_FACE < middle < BRIGHTEST_FACE:
        raise PhotoError(
            f"{photo.name}: the face is too {'dark' if middle < 0.5 else 'bright'} (median {middle:.3f} of full light)"
        )
