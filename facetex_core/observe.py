"""The front half: from a photo to what it shows of a face's albedo. Runs, banks, evaluations and trainings all go this way."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from facetex_core import stages
from facetex_core.boundary import guard, step
from facetex_core.refused_photos import choose, refuse_dark, refuse_hidden, refuse_profile, usable
from facetex_core.stages import CHAINED, STAGES
from facetex_core.structures import DelitView, Fit, LitView, Observation, Photo, View
from facetex_core.texture.unwrap import unwrap


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
            photo = replace(restorer.restore(photo, face), focal=photo.focal)  # whatever is mended, the lens is the same
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
