"""What several photos of one person are worth: python tests/benchmarks/same_person.py [--people 4] [--size 512].

Heads that do not exist, photographed from the front and from 45 degrees to either side, each time with another expression
and in other light. For each photo by itself and for all together: the share of the face's texels that is seen; how near the
whole albedo is to the truth on the texels that all photos together show (PSNR in sRGB, after one gain a channel, because no
photo tells bright skin from bright light); and the contrast of its fine detail over the truth's. Twice: with the true
geometry, and with the one that the default fitter finds.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from facetex_model_zoo import open_bank

from facetex_core import Fit, MorphableModel, Photo, Pipeline, Registry, Run, load_preset
from facetex_core.geometry.camera import orbit_camera
from facetex_core.imaging.colour import encode_srgb
from facetex_core.imaging.masked_blur import blur_where
from facetex_core.stages import Merger
from facetex_core.structures import Texture
from facetex_core.texture.regions import plain_skin, region, resize_texture
from facetex_core.workbench.evaluation.environment import Environment, studio_panorama
from facetex_core.workbench.evaluation.synthetic import CLOTHS, MOST, TEXTURE, _developed, _exposure, dressed, sample_expression
from facetex_core.workbench.evaluation.synthetic_render import photograph
from facetex_core.workbench.evaluation.synthetic_skin import sample_skin

YAWS = {"front": 0.0, "left": 45.0, "right": -45.0}
SIDE = 768
MERGERS = ("bands", "mean", "none")
"""The first tells which texels count."""
WIDTH_SEEN = 0.36
"""Metres: a face of about 430 pixels."""
FINE = 0.004
"""Blur below which is fine detail, as a share of the map."""


@dataclass(frozen=True)
class Known:
    """A fitter that is told the truth."""

    fits: dict[str, Fit]

    def fit(self, observations):
        return tuple(self.fits[each.photo.name] for each in observations)


def photographed(model: MorphableModel, seed: int) -> tuple[list[Photo], dict[str, Fit], Texture]:
    """Photos, their true geometry by name, and the true albedo."""
    rng = np.random.default_rng(seed)
    identity = rng.standard_normal(len(model.identity)).clip(-MOST, MOST).astype(np.float32)
    albedo, shine = sample_skin(model, TEXTURE, rng)
    photos, fits = [], {}
    for name, yaw in YAWS.items():
        expression = sample_expression(model, rng)
        vertices = model.vertices(identity, expression)
        middle = vertices[model.regions["face"] > 0.5].mean(0)
        camera = orbit_camera(middle, yaw=yaw, distance=1.2, width_seen=WIDTH_SEEN, size=(SIDE, SIDE))
        light = Environment(studio_panorama(rng), np.eye(3, dtype=np.float32))
        light = light.scaled(_exposure(light, model, vertices, camera, rng))
        mesh = dressed(replace(model.mesh, vertices=vertices))
        cloth = np.array(CLOTHS[seed % len(CLOTHS)], np.float32)
        linear = photograph(mesh, np.dstack([albedo, shine]), cloth, light, camera, rng)
        photos.append(Photo(_developed(linear, rng), name))
        fits[name] = Fit(model, identity, expression, camera)
    return photos, fits, Texture(albedo, np.ones(albedo.shape[:2], np.float32))


def scores(run: Run, truth: np.ndarray, union: np.ndarray) -> tuple[float, float, float]:
    """Share of the face that is seen, PSNR in decibels, contrast of fine detail over the truth's."""
    face = region(run.head.fit.model, "face", len(union)) > 0.5
    found = run.head.albedo.rgb
    gain = np.exp(np.median(np.log(truth[union]) - np.log(np.maximum(found[union], 1e-3)), axis=0))
    wrong = encode_srgb(np.clip(found * gain, 0, 1).astype(np.float32)) - encode_srgb(truth)
    plain = union & (plain_skin(run.head.fit.model, len(union)) > 0.9)
    contrast = fine(found, plain) / fine(truth, plain)
    return float((run.merged.albedo.visibility[face] > 0).mean()), float(-10 * np.log10((wrong[union] ** 2).mean())), contrast


def fine(rgb: np.ndarray, where: np.ndarray) -> float:
    """Standard deviation of what is finer than FINE in the logarithm."""
    log = np.log(np.maximum(rgb, 1e-3)).astype(np.float32)
    return float((log - blur_where(log, where.astype(np.float32), FINE * len(log)))[where].std())


def compare(pipeline: Pipeline, model: MorphableModel, mergers: list[Merger], people: int) -> Iterator[tuple[str, np.ndarray]]:
    """For each person and geometry, rows of scores: each photo by itself, then all together by each merger."""
    for seed in range(people):
        photos, fits, truth = photographed(model, seed)
        albedo = np.maximum(resize_texture(truth, pipeline.size).rgb, 1e-3)
        for name, fitter in (("true geometry", Known(fits)), ("found geometry", pipeline.fitter)):
            with_it = replace(pipeline, fitter=fitter)
            together = [replace(with_it, merger=merger).run(*photos) for merger in mergers]
            union = together[0].merged.albedo.visibility > 0
            runs = [*(with_it.run(photo) for photo in photos), *together]
            yield name, np.array([scores(run, albedo, union) for run in runs])


def main() -> None:
    """Prints a table of means, and how many people gained."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--people", type=int, default=4)
    asked.add_argument("--size", type=int, default=512)
    given = asked.parse_args()
    recipe = replace(load_preset("embedded"), size=given.size)
    registry = Registry()
    pipeline = recipe.build(registry, open_bank(recipe.bank))
    model = registry.bare("fitter", recipe.stages["fitter"].name, {}).model
    found: dict[str, list[np.ndarray]] = {}
    mergers = [registry.make("merger", name, {}) for name in MERGERS]
    for name, rows in compare(pipeline, model, mergers, given.people):
        found.setdefault(name, []).append(rows)
    print(f"{given.people} people, {given.size} x {given.size}; mean (least, most)")
    for name, people in found.items():
        print(name)
        table = np.stack(people)
        for row, photo in enumerate([*YAWS, *(f"together, {name}" for name in MERGERS)]):
            cells = [f"{v.mean():.3g} ({v.min():.3g}, {v.max():.3g})" for v in table[:, row].T]
            print(f"    {photo:15} seen {cells[0]}, PSNR {cells[1]} dB, contrast {cells[2]}")


if __name__ == "__main__":
    main()
