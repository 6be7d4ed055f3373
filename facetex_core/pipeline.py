"""Photos of one person -> head: the one data flow, with what each step found kept for the report."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import ParamSpec, Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Float32

from facetex_core import stages
from facetex_core.banks.bank import cells_of, refuse_foreign, seen_like
from facetex_core.banks.foretell import Own, aim
from facetex_core.blocks import without_squares
from facetex_core.camera import yaw_degrees
from facetex_core.correlations import merge, mix
from facetex_core.crop import face_crop, resize_texture, skin_only
from facetex_core.damage import hide_damage
from facetex_core.errors import PhotoError
from facetex_core.eyes import paint_eyes_and_mouth
from facetex_core.fitting.fit import relight
from facetex_core.merge_views import clearness, merge_views
from facetex_core.messages import warn
from facetex_core.photometry import light_between
from facetex_core.structures import Bank, Descriptor, Face, Fit, Head, Photo, Texture
from facetex_core.unwrap import unwrap

Watch = Callable[[str], AbstractContextManager[object]]
"""Told the name of each step; the context lasts as long as the step."""

SMALLEST_FACE = 32
"""Pixels along the longer side of the box; below, landmarks are guesses."""
LEAST_SKIN = 0.02
"""Share of the map; a fit's forehead alone is three times as much."""
WIDEST_YAW = 70.0
"""Degrees; beyond, less than half of the face is in the photo and the fit has no second eye to hold on to."""

Given = TypeVar("Given")
Made = TypeVar("Made")
Taken = ParamSpec("Taken")


@runtime_checkable
class Once(Protocol):
    """Does a piece of work, or remembers what came of it when it was given the same."""

    def __call__(self, work: Callable[Taken, Made], *given: Taken.args, **named: Taken.kwargs) -> Made:
        """What the work makes of what it is given."""


def anew(work: Callable[Taken, Made], *given: Taken.args, **named: Taken.kwargs) -> Made:
    """Remembers nothing."""
    return work(*given, **named)


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """A photo and what it shows of the person."""

    photo: Photo
    face: Face
    fit: Fit
    skin: Float32[np.ndarray, "height width"]
    lit: Texture
    """The photo unwrapped, light and all."""
    partial: Texture
    """The albedo where the photo shows it."""

    @property
    def shown(self) -> float:
        """How much of the face it shows and how well: the sum of visibility, cosine and pixels a texel over the map."""
        return float(clearness(self.partial, self.fit).sum())


@dataclass(frozen=True, eq=False, slots=True)
class Run:
    """A head and the way it came about."""

    views: tuple[View, ...]
    """The photos that were used; first the main one, which shows most of the face, and gives tone, light and expression."""
    partial: Texture
    """The albedo where the photos show it."""
    shares: Float32[np.ndarray, "views size size"]
    """How much of it each photo gave: they add up to 1 where any photo shows skin."""
    observed: Descriptor
    weights: Float32[np.ndarray, "exemplars"]
    explained: Descriptor
    """The blend under the photo's own mask: what the solver brought near to `observed`."""
    wanted: Descriptor
    """What the synthesizer aims at: the blend of whole faces, or what is foretold of the hidden skin."""
    head: Head
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def visibility(self) -> Float32[np.ndarray, "size size"]:
        """How well the photo that sees a texel best sees it."""
        return np.max([view.lit.visibility for view in self.views], axis=0)


@dataclass(frozen=True, eq=False, slots=True)
class Pipeline:
    """One implementation of every stage that makes the head, and what they share."""

    detector: stages.Detector
    fitter: stages.Fitter
    segmenter: stages.Segmenter
    delighter: stages.Delighter
    descriptor_extractor: stages.DescriptorExtractor
    blend_solver: stages.BlendSolver
    synthesizer: stages.Synthesizer
    detailer: stages.Detailer
    bank: Bank
    size: int = 1024
    seed: int = 0

    def run(self, *photos: Photo, face: int | None = None, watch: Watch = lambda _: nullcontext(), once: Once = anew) -> Run:
        """The head of the person in the photos: of the largest face in each, or of face number `face` (from 1, by size).

        Of several photos, those that cannot be used are left out with a warning as long as one remains. All that takes
        time goes through `once`, so that a comparison need not do it again.
        """
        seconds: dict[str, float] = {}
        step = _stopwatch(seconds, watch)
        with step("detect"):
            found = usable(lambda photo: _smoothed(photo, choose(once(self.detector.detect, photo), face, photo)), photos)
        views = sorted(self._views(found, step, once), key=lambda view: view.shown, reverse=True)
        with step("merge"):
            partial, shares = merge_views([view.partial for view in views], [view.fit for view in views])
            photo, fit, lit = views[0].photo, views[0].fit, views[0].lit
        with step("describe"):
            refuse_foreign(self.bank, fit.model)
            own = self.own(partial, fit, once)
        with step("blend"):
            observed = merge(own.seen)
            masked = seen_like(self.bank, own.seen)
            weights = once(self.blend_solver.solve, observed, masked)
            wanted = aim(self.bank, weights, self.synthesizer, own)
        with step("synthesize"):
            skinned = once(self.synthesizer.synthesize, partial, wanted, fit, np.random.default_rng(self.seed))
            albedo = once(paint_eyes_and_mouth, photo, fit, skinned)
        with step("detail"):
            detail = once(self.detailer.add_detail, photo, fit, albedo)
        head = Head(photo.name, fit, lit, albedo, detail)
        return Run(tuple(views), partial, shares, observed, weights, mix(masked, weights), wanted, head, seconds)

    def _views(self, found: Sequence[tuple[Photo, Face]], step: Watch, once: Once) -> list[View]:
        """All photos fitted together; again if one turns out to be useless, so that it has no say in the others' fit."""
        with step("fit"):
            fits = once(self.fitter.fit, [photo for photo, _ in found], [face for _, face in found])
        views = usable(
            lambda each: self._view(*each, step, once), [(*each, fit) for each, fit in zip(found, fits, strict=True)]
        )
        return views if len(views) == len(found) else self._views([(view.photo, view.face) for view in views], step, once)

    def _view(self, photo: Photo, face: Face, fit: Fit, step: Watch, once: Once) -> View:
        refuse_profile(fit, photo)
        with step("segment"):
            skin = once(self.segmenter.segment, photo, face)
        with step("unwrap"):
            lit = once(unwrap, photo, fit, skin, self.size)
            refuse_hidden(lit, photo)
            lit = hide_damage(lit, fit.model)
            refuse_dark(lit, photo)
            fit = once(relight, fit, lit)
        with step("delight"):
            partial = once(self.delighter.delight, lit, fit)
            refuse_hidden(partial, photo)
            fit = replace(fit, lighting=once(light_between, lit, partial, fit))
        return View(photo, face, fit, skin, lit, partial)

    def describe(self, partial: Texture, fit: Fit, once: Once = anew) -> tuple[Descriptor, ...]:
        """The skin of the face's box, cell by cell, at the bank's size."""
        return self._cells(self._box(partial, fit), once)

    def own(self, partial: Texture, fit: Fit, once: Once = anew) -> Own:
        """The same, and of the face flipped left to right where the blend solver carries it over."""
        box = self._box(partial, fit)
        if not getattr(self.blend_solver, "carries_own", False):
            return Own(self._cells(box, once))
        flipped = Texture(np.ascontiguousarray(box.rgb[:, ::-1]), np.ascontiguousarray(box.visibility[:, ::-1]))
        return Own(self._cells(box, once), self._cells(flipped, once))

    def _box(self, partial: Texture, fit: Fit) -> Texture:
        return face_crop(resize_texture(skin_only(partial, fit.model), self.bank.size), fit.model)

    def _cells(self, box: Texture, once: Once) -> tuple[Descriptor, ...]:
        return once(self.descriptor_extractor.describe, box, cells_of(self.bank.grid, box.size))


def _smoothed(photo: Photo, face: Face) -> tuple[Photo, Face]:
    return without_squares(photo, face.box), face


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
        warn(f"{photo.name}: {len(faces)} faces found; the largest is taken (--face N takes another)")
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
    if not 0.004 < middle < 0.96:
        raise PhotoError(
            f"{photo.name}: the face is too {'dark' if middle < 0.5 else 'bright'} (median {middle:.3f} of full light)"
        )


def _stopwatch(seconds: dict[str, float], watch: Watch) -> Watch:
    @contextmanager
    def step(name: str) -> Iterator[None]:
        begin = time.perf_counter()
        with watch(name):
            yield
        seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - begin

    return step
