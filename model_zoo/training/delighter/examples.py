"""Faces of delight_heads.py in light of delight_light.py, photographed: what the delighter's network learns from."""

from pathlib import Path

import numpy as np
from facetex_plugins.delight.network import NETWORK_SIDE, network_maps, still_maps

from facetex_core.imaging.colour import LUMINANCE
from facetex_core.lighting.thresholds import SKIN_TONES
from facetex_core.structures import MorphableModel
from facetex_core.workbench.evaluation.synthetic import EXPOSED
from training.delighter.beards import Beards
from training.delighter.heads import KNOWN, make_heads
from training.delighter.light import mean_of, panorama, shine_on, walls

HELD_OUT = 12
"""One head in so many is not learned from."""
TONE = np.array([0.8, 0.35, 0.35])
"""Standard deviations by which portraits' skin is made lighter and darker, redder, and else: most of them are of light skin."""
BRIGHTEST = 0.85
LEVEL = 0.2
"""Standard deviation of the logarithm of exposure,"""
BEHIND = 0.5
"""and how much of the light from behind a camera exposes for, at most: faces in front of windows are dark."""
BEARDED = 0.25
"""Share of faces that get a beard: dark is not always shade."""


class Examples:
    """Draws faces in light; heads and lights are made unless they are there."""

    def __init__(
        self, work: Path, photos: Path, model: MorphableModel, held_out: bool, made_up: int, lights: int, jobs: int
    ) -> None:
        make_heads(photos, work / "heads", made_up, jobs)
        paths = sorted((work / "heads").glob("*.npz"))
        self.paths = [path for number, path in enumerate(paths) if (number % HELD_OUT == 0) == held_out]
        self.heads = [{name: _single(array) for name, array in np.load(path).items()} for path in self.paths]
        self.still = still_maps(model)
        self.mirrored = self.still[:, ::-1]
        self.beards = Beards(model)
        self.light, self.means = self._lit(work / f"lit-{'held-out' if held_out else 'learned'}-{len(self.paths)}", lights)

    def _lit(self, target: Path, lights: int) -> tuple[np.ndarray, np.ndarray]:
        """Planes of shine_on for every head and light, and the lights' means."""
        if not target.with_suffix(".means.npy").exists():
            rng = np.random.default_rng(len(self.paths))
            shape = (len(self.paths), lights, 7, NETWORK_SIDE, NETWORK_SIDE)
            planes = np.lib.format.open_memmap(target.with_suffix(".npy"), "w+", np.float16, shape)
            means = np.zeros((len(self.paths), lights, 3), np.float32)
            for number, head in enumerate(self.heads):
                made = np.stack([panorama(rng) for _ in range(lights)])
                planes[number] = np.clip(shine_on(head, made), 0, 60000)
                means[number] = mean_of(made)
            np.save(target.with_suffix(".means.npy"), means)
        return np.load(target.with_suffix(".npy")), np.load(target.with_suffix(".means.npy"))

    def __len__(self) -> int:
        """Pairs of head and light."""
        return self.light.shape[0] * self.light.shape[1]

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Maps and shading as the network gets them, what is seen, the albedo, and the weight of each texel."""
        number, k = rng.integers(len(self.heads)), rng.integers(self.light.shape[1])
        head, planes = self.heads[number], self.light[number, k].astype(np.float32)
        albedo = head["albedo"].transpose(2, 0, 1)
        if "portrait" in self.paths[number].stem:
            albedo = albedo * np.exp((rng.standard_normal(3) * TONE) @ SKIN_TONES)[:, None, None]
        if rng.random() < BEARDED:
            albedo = self.beards.grown(albedo, rng)
        albedo = np.clip(albedo, 0.004, BRIGHTEST).astype(np.float32)
        visibility = head["visibility"] * (head["visibility"] > KNOWN)
        lit = self._photographed(albedo, planes, self.means[number, k], visibility, rng)
        if rng.random() < 0.08:  # a grey photograph
            lit, albedo = (np.repeat(np.tensordot(LUMINANCE, each, 1)[None], 3, 0) for each in (lit, albedo))
        normals, towards, still = head["told"], head["towards"], self.still
        if rng.random() < 0.5:
            lit, albedo, visibility = (np.ascontiguousarray(each[..., ::-1]) for each in (lit, albedo, visibility))
            normals, towards = (each[:, ::-1] * np.array([-1, 1, 1], np.float32) for each in (normals, towards))
            still = self.mirrored
        maps, shading = network_maps(lit.transpose(1, 2, 0), visibility, normals, towards, still)
        return maps, shading, lit.astype(np.float32), albedo.astype(np.float32), visibility[None]

    def _photographed(
        self, albedo: np.ndarray, planes: np.ndarray, mean: np.ndarray, visibility: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        come, opened, shine = planes[:3], planes[3], planes[4:]
        light = np.tensordot(LUMINANCE, come, 1)[visibility > 0.5]
        bright = 0.6 * light.mean() + 0.4 * np.quantile(light[::4], 0.95) if light.size else 1.0
        behind = np.log(max(float(mean @ LUMINANCE / max(float(bright), 1e-3)), 1))
        level = np.exp(rng.normal(EXPOSED, LEVEL) - BEHIND * rng.random() * behind) / max(float(bright), 1e-3)
        balance = (mean @ LUMINANCE / np.maximum(mean, 1e-6)) ** rng.uniform(0.8, 1.0)
        seen = albedo * (come + walls(opened, mean) * albedo) + np.exp(rng.normal(0, 0.5)) * shine
        exposed = np.clip((level * balance)[:, None, None] * seen, 0, 1)
        return np.asarray(exposed ** np.exp(rng.normal(0, 0.05)), np.float32)


def _single(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32) if array.dtype == np.float16 else array
