"""Photos of one person -> head: the one data flow, with what each step found kept for the report."""

from contextlib import nullcontext
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float32

from facetex_core import boundary, stages
from facetex_core.boundary import Once, Watch, anew
from facetex_core.descriptors.bank import cells_of, refuse_foreign, under_mask
from facetex_core.descriptors.correlations import merge, mix
from facetex_core.observe import FrontHalf
from facetex_core.refused_photos import usable
from facetex_core.structures import Bank, DelitView, Descriptor, Fit, Head, Merged, OwnDescriptors, Photo, Target, Texture
from facetex_core.texture.regions import face_crop, resize_texture, skin_only
from facetex_core.texture.view_weight import view_weight


@dataclass(frozen=True, eq=False, slots=True)
class Run:
    """A head and all intermediate results."""

    views: tuple[DelitView, ...]
    """The photos that were used; first the main one, which shows most of the face, and gives tone, light and expression."""
    merged: Merged
    """The albedo where the photos show it, and how much of it each photo gave."""
    observed: Descriptor
    weights: Float32[np.ndarray, "exemplars"]
    explained: Descriptor
    """The blend under the photo's own mask: what the solver brought near to `observed`."""
    target: Target
    """What the synthesizer aims at."""
    head: Head
    seconds: dict[str, float] = field(default_factory=dict)
    """By step."""
    door_seconds: float = 0.0
    """Processor seconds that the checks between the stages took."""

    @property
    def visibility(self) -> Float32[np.ndarray, "size size"]:
        """How well the photo that sees a texel best sees it."""
        return np.max([view.lit.visibility for view in self.views], axis=0)


@dataclass(frozen=True, eq=False, kw_only=True)
class Pipeline(FrontHalf):
    """One implementation of every stage that makes the head, and what they share."""

    merger: stages.Merger
    descriptor_extractor: stages.DescriptorExtractor
    blend_solver: stages.BlendSolver
    hidden_predictor: stages.HiddenPredictor
    synthesizer: stages.Synthesizer
    painter: stages.Painter
    detailer: stages.Detailer
    bank: Bank
    seed: int = 0

    def run(self, *photos: Photo, face: int | None = None, watch: Watch = lambda _: nullcontext(), memory: Once = anew) -> Run:
        """The head of the person in the photos: of the largest face in each, or of face number `face` (from 1, by size).

        Of several photos, those that cannot be used are left out with a warning as long as one remains. `watch` is told of
        each step; `memory` may know what a step has made before.
        """
        with boundary.session(watch, memory) as session:
            observations = usable(lambda photo: self.observe(photo, face), photos)
            views = tuple(sorted(self.views(observations), key=_shown, reverse=True))
            merged = self.merger.merge(views)
            main = replace(views[0], albedo=merged.albedo)
            refuse_foreign(self.bank, main.fit.model)
            own = self.own(merged.albedo, main.fit)
            observed, masked = merge(own.seen), under_mask(self.bank, own.seen)
            weights = self.blend_solver.solve(observed, masked)
            target = self.target(weights, own)
            albedo = self.complete(main, target)
            detail = self.detailer.add_detail(views, albedo)
            head = Head(main.photo.name, main.fit, main.appearance, main.lit, albedo, detail)
            explained = mix(masked, weights)
            return Run(views, merged, observed, weights, explained, target, head, session.seconds, session.door_seconds)

    def target(self, weights: Float32[np.ndarray, "exemplars"], own: OwnDescriptors) -> Target:
        """What a synthesizer aims at: hidden plain skin as it is predicted, and the blend of whole faces."""
        plain = self.hidden_predictor.predict(self.bank, weights, own)
        return Target(plain, mix(self.bank.faces, weights) if self.bank.faces else plain)

    def complete(self, view: DelitView, target: Target) -> Texture:
        """The whole map: hidden skin synthesized, eyes and mouth painted."""
        skinned = self.synthesizer.synthesize(view, target, np.random.default_rng(self.seed))
        return self.painter.paint(replace(view, albedo=skinned))

    def describe(self, albedo: Texture, fit: Fit) -> tuple[Descriptor, ...]:
        """The plain skin of the face's box, cell by cell, at the bank's size."""
        return self._cells(self._box(albedo, fit))

    def own(self, albedo: Texture, fit: Fit) -> OwnDescriptors:
        """The same, and of the face flipped left to right."""
        box = self._box(albedo, fit)
        flipped = Texture(np.ascontiguousarray(box.rgb[:, ::-1]), np.ascontiguousarray(box.visibility[:, ::-1]))
        return OwnDescriptors(self._cells(box), self._cells(flipped))

    def _box(self, albedo: Texture, fit: Fit) -> Texture:
        return face_crop(resize_texture(skin_only(albedo, fit.model), self.bank.size), fit.model)

    def _cells(self, box: Texture) -> tuple[Descriptor, ...]:
        return self.descriptor_extractor.describe(box, cells_of(self.bank.grid, box.size))


def _shown(view: DelitView) -> float:
    """How much of the face a photo shows and how well: visibility, cosine and pixels a texel, summed over the map."""
    return float(view_weight(view.albedo, view.fit).sum())
