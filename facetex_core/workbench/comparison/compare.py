"""The same photos through every variant: heads made with what was made before, measured and pictured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float32

from facetex_core import boundary
from facetex_core.boundary import Watch
from facetex_core.delivery.gltf import maps_of
from facetex_core.pipeline import Run
from facetex_core.structures import Bank, Fit, Photo
from facetex_core.workbench.comparison.cache import Cache, CacheHit
from facetex_core.workbench.comparison.grid import Variant
from facetex_core.workbench.comparison.metrics import figures_against, figures_of, figures_of_plugins, tone_of
from facetex_core.workbench.comparison.pictures import crops_of, jpeg_uri, photo_cut, png_uri, renders_of
from facetex_core.workbench.comparison.stage_cache import StageCache
from facetex_core.workbench.evaluation.hidden_error import FeatureNetwork
from facetex_core.workbench.evaluation.suite import Truth


@dataclass(frozen=True, eq=False, slots=True)
class Subject:
    """A photo, and what is known of it."""

    photo: Photo
    truth: Truth | None = None
    face: int | None = None
    """Number of the face by size; the largest."""


@dataclass(frozen=True, eq=False, slots=True)
class GlbData:
    """What a GLB shows of a head: its shape, and its maps as PNG."""

    fit: Fit
    maps: Mapping[str, bytes]
    """albedo, normal, roughness."""


@dataclass(frozen=True, eq=False, slots=True)
class Outcome:
    """One variant of one photo."""

    photo: str
    variant: Variant
    figures: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    """By stage, as long as it took when it was really run."""
    pictures: Mapping[str, str] = field(default_factory=dict)
    """By kind, inside addresses."""
    lab: Float32[np.ndarray, "3"] | None = None
    """The mean colour of plain skin in CIELAB."""
    glb: GlbData | None = None
    error: str = ""
    """Why there is no head."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Context:
    """What every variant goes through."""

    workshop: StageCache
    cache: Cache
    banks: Sequence[Bank]
    eye: FeatureNetwork | None
    """The network that compares features with the truth's."""


def outcome_of(subject: Subject, variant: Variant, bench: Context, watch: Watch) -> Outcome:
    """The variant's head, measured and pictured; `toned` adds the figure that is about two of them."""
    bench.cache.uses.clear()
    pipeline = bench.workshop.build(variant, bench.banks)
    renderer = variant.recipe.make("renderer", bench.workshop)
    with boundary.session(watch, bench.cache.once):
        run = pipeline.run(subject.photo, face=subject.face)
        photo, camera = photo_cut(run.views[0])
        renders = renders_of(run.head, camera, renderer)
        spent = list(bench.cache.uses)
        figures = figures_of(run, pipeline, photo, renders["again"])
        truth = figures_against(subject.truth, run.head, bench.eye) if subject.truth else {}
        others = figures_of_plugins(run, bench.workshop.extensions.metrics)
        pictures = _pictures(run, photo.rgb, renders)
        dress = GlbData(run.head.fit, boundary.step("maps", maps_of, run.head))
    figures = {**figures, **truth, **others, **_effort(spent)}
    return Outcome(subject.photo.name, variant, figures, _seconds(spent), pictures, tone_of(run.head), dress)


def _pictures(
    run: Run, photo: Float32[np.ndarray, "side side 3"], renders: Mapping[str, Float32[np.ndarray, "side side 3"]]
) -> dict[str, str]:
    shown = {"photo": photo, "albedo": run.head.albedo.rgb, **renders}
    crops = {name: png_uri(pixels) for name, pixels in crops_of(run.head).items()}
    return {**{name: jpeg_uri(rgb) for name, rgb in shown.items()}, **crops}


def _seconds(uses: Sequence[CacheHit]) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for use in uses:
        seconds[use.name] = seconds.get(use.name, 0.0) + use.effort.seconds
    return seconds


def _effort(uses: Sequence[CacheHit]) -> dict[str, float]:
    grown = [use.effort.grown_mb for use in uses if use.effort.grown_mb is not None]
    return {"seconds": sum(use.effort.seconds for use in uses), **({"memory_mb": max(grown)} if grown else {})}


def with_tone(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """With each skin's colour held against that of the photo's first variant."""
    from skimage.color import deltaE_ciede2000

    first = {each.photo: each.lab for each in reversed(outcomes) if each.lab is not None}
    result = []
    for each in outcomes:
        tone = {} if each.lab is None else {"tone": float(deltaE_ciede2000(first[each.photo], each.lab))}
        result.append(replace(each, figures={**each.figures, **tone}))
    return result
