"""The same photos through every variant: heads made with what was made before, measured and pictured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from facetex_core import boundary
from facetex_core.boundary import Watch
from facetex_core.delivery.gltf import maps_of
from facetex_core.imaging.colour import to_bytes
from facetex_core.structures import Bank, Fit, Head, Photo
from facetex_core.workbench.comparison.cache import Cache, CacheHit
from facetex_core.workbench.comparison.grid import Variant
from facetex_core.workbench.comparison.metrics import figures_against, figures_of, figures_of_plugins, tone_of
from facetex_core.workbench.comparison.picture_files import folder_of, quick_png, save_pictures
from facetex_core.workbench.comparison.pictures import (
    CROP_PLACES,
    crops_of,
    jpeg_uri,
    photo_cut,
    png_uri,
    renders_of,
    shapes_of,
)
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
    pictures: Path
    """The folder that gets every picture as PNG."""


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
        pictures = _pictures(run.head, photo.rgb, renders, folder_of(bench.pictures, subject.photo.name, variant.name))
        dress = GlbData(run.head.fit, boundary.step("maps", maps_of, run.head))
    figures = {**figures, **truth, **others, **_effort(spent)}
    return Outcome(subject.photo.name, variant, figures, _seconds(spent), pictures, tone_of(run.head), dress)


def _pictures(
    head: Head,
    photo: Float32[np.ndarray, "side side 3"],
    renders: Mapping[str, Float32[np.ndarray, "side side 3"]],
    folder: Path,
) -> dict[str, str]:
    """For the page; the folder gets each as PNG."""
    linear = {"photo": photo, "albedo": head.albedo.rgb, **renders}
    shapes = boundary.step("shape", shapes_of, head.fit, head.detail.normals)
    pixels = {**{kind: to_bytes(rgb) for kind, rgb in linear.items()}, **shapes, **crops_of(head)}
    pngs = {kind: quick_png(each) for kind, each in pixels.items()}
    save_pictures(folder, pngs)
    return {kind: png_uri(pngs[kind]) if kind in CROP_PLACES else jpeg_uri(each) for kind, each in pixels.items()}


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
