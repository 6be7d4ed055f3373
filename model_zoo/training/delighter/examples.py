"""Heads in light, photographed: what the delighter's network learns from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from facetex_plugins.delight.network import network_maps, still_maps
from jaxtyping import Float, Float32

from facetex_core.imaging.colour import LUMINANCE
from facetex_core.lighting.thresholds import SKIN_TONES
from facetex_core.structures import MorphableModel
from facetex_core.workbench.evaluation.synthetic import EXPOSED
from training.delighter.beards import Beards
from training.delighter.data import read_arrays
from training.delighter.heads import KNOWN
from training.delighter.light import walls

TONE = np.array([0.8, 0.35, 0.35])
"""Standard deviations by which portraits' skin is made lighter and darker, redder, and else: most of them are of light skin."""
DARKEST, BRIGHTEST = 0.004, 0.85
"""Albedo."""
LEVEL = 0.2
"""Standard deviation of the logarithm of exposure,"""
BEHIND = 0.5
"""and how much of the light from behind a camera exposes for, at most: faces in front of windows are dark."""
BEARDED = 0.25
"""Share of faces that get a beard: dark is not always shade."""
GREY = 0.08
"""Share of grey photographs."""
ACROSS = np.array([-1, 1, 1], np.float32)
"""What a mirror does to directions."""

Rgb = Float32[np.ndarray, "3 side side"]
Plane = Float[np.ndarray, "side side"]
Example = dict[str, Float32[np.ndarray, "channels side side"]]


@dataclass(frozen=True)
class Photographed:
    """A face's box: light and albedo, linear; where both are known; its normals and the ways to the camera."""

    lit: Rgb
    albedo: Rgb
    visibility: Plane
    normals: Float32[np.ndarray, "side side 3"]
    towards: Float32[np.ndarray, "side side 3"]
    still: Float32[np.ndarray, "side side 4"]

    def mirrored(self) -> "Photographed":
        """Left for right."""
        lit, albedo, visibility = (np.ascontiguousarray(part[..., ::-1]) for part in (self.lit, self.albedo, self.visibility))
        normals, towards = (part[:, ::-1] * ACROSS for part in (self.normals, self.towards))
        return Photographed(lit, albedo, visibility, normals, towards, self.still[:, ::-1])

    def example(self) -> Example:
        """What the network is given, and what it is judged by."""
        planes = (self.visibility, self.normals, self.towards, self.still)
        maps, shading = network_maps(self.lit.transpose(1, 2, 0), *planes)
        return {"maps": maps, "shading": shading, "lit": self.lit, "albedo": self.albedo, "weight": self.visibility[None]}


class Examples:
    """Draws heads in light, from the files that data.py wrote."""

    def __init__(self, heads: Sequence[Path], model: MorphableModel) -> None:
        """Lights lie beside the heads' folder."""
        self.paths, self.still, self.beards = heads, still_maps(model), Beards(model)
        wanted = ("albedo", "visibility", "fitted_normals", "towards")
        self.heads = [{name: array for name, array in read_arrays(path).items() if name in wanted} for path in heads]

    def draw(self, rng: np.random.Generator) -> Example:
        """`maps` and `shading` as the network gets them; `lit`, `albedo`, linear; the `weight` of each texel."""
        number = int(rng.integers(len(self.heads)))
        head = {name: array.astype(np.float32) for name, array in self.heads[number].items()}
        planes, mean = self._light(self.paths[number], rng)
        albedo = self._skin(head["albedo"].transpose(2, 0, 1), self.paths[number].stem, rng)
        visibility = head["visibility"] * (head["visibility"] > KNOWN)
        lit = photographed(albedo, planes, mean, visibility, rng)
        if rng.random() < GREY:
            lit, albedo = (np.repeat(np.tensordot(LUMINANCE, part, 1)[None], 3, 0) for part in (lit, albedo))
        lit, albedo = lit.astype(np.float32), albedo.astype(np.float32)
        seen = Photographed(lit, albedo, visibility, head["fitted_normals"], head["towards"], self.still)
        return (seen.mirrored() if rng.random() < 0.5 else seen).example()

    @staticmethod
    def _light(head: Path, rng: np.random.Generator) -> tuple[Float32[np.ndarray, "7 side side"], Float32[np.ndarray, "3"]]:
        with np.load(head.parent.with_name("light") / head.name, allow_pickle=False) as file:
            number = int(rng.integers(len(file["means"])))
            return file[str(number)].astype(np.float32), file["means"][number]

    def _skin(self, albedo: Rgb, stem: str, rng: np.random.Generator) -> Rgb:
        if "portrait" in stem:
            albedo = albedo * np.exp((rng.standard_normal(3) * TONE) @ SKIN_TONES)[:, None, None]
        if rng.random() < BEARDED:
            albedo = self.beards.grown(albedo, rng)
        return np.clip(albedo, DARKEST, BRIGHTEST).astype(np.float32)


def photographed(
    albedo: Rgb,
    planes: Float32[np.ndarray, "7 side side"],
    mean: Float32[np.ndarray, "3"],
    visibility: Plane,
    rng: np.random.Generator,
) -> Rgb:
    """The face in this light, in [0, 1], as a camera exposes and balances it; `mean` is the light's over the sphere."""
    come, opened, shine = planes[:3], planes[3], planes[4:]
    light = np.tensordot(LUMINANCE, come, 1)[visibility > 0.5]
    bright = max(float(0.6 * light.mean() + 0.4 * np.quantile(light[::4], 0.95)) if light.size else 1.0, 1e-3)
    behind = np.log(max(float(mean @ LUMINANCE) / bright, 1))
    level = np.exp(rng.normal(EXPOSED, LEVEL) - BEHIND * rng.random() * behind) / bright
    balance = (mean @ LUMINANCE / np.maximum(mean, 1e-6)) ** rng.uniform(0.8, 1.0)
    seen = albedo * (come + walls(opened, mean) * albedo) + np.exp(rng.normal(0, 0.5)) * shine
    exposed = np.clip((level * balance)[:, None, None] * seen, 0, 1)
    return np.asarray(exposed ** np.exp(rng.normal(0, 0.05)), np.float32)
