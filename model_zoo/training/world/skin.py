"""Skin over the map of the head: albedo, how strongly it mirrors, and relief in metres; hair that is cropped, beards."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from facetex_core.geometry.uv_raster import all_texels, interpolate
from facetex_core.imaging.colour import decode_srgb
from facetex_core.lighting.estimate_lighting import albedo_model
from facetex_core.parts.eyes import eyes_of, paint_parts
from facetex_core.structures import MorphableModel, Texture
from facetex_core.texture.regions import region, skin_texels
from training.world.recipe import Beard, Recipe
from training.world.wrinkles import Wrinkles

Map = Float32[np.ndarray, "size size"]
Colours = Float32[np.ndarray, "size size 3"]

# Width over the map, least and greatest standard deviation of log albedo, its colour, and metres of relief.
GRAINS = (
    (0.002, (0.01, 0.035), (0.7, 1.0, 1.1), 0.000006),
    (0.0075, (0.01, 0.035), (0.5, 1.0, 1.0), 0.000008),
    (0.03, (0.01, 0.05), (0.3, 1.0, 0.9), 0.00003),
)
"""Pores, mottles and blotches: blood shows in green and blue, which it swallows."""
VARIANTS = 4
"""Of each noise; any of them begins again at its borders, so it can be moved round."""
MELANIN, BLOOD = np.array([0.45, 0.55, 0.6], np.float32), np.array([0.1, -0.05, -0.05], np.float32)
FRECKLE = np.array([0.25, 0.45, 0.55], np.float32)
DARKEST, BRIGHTEST = 0.012, 0.85
"""Linear albedo of skin and hair."""
IRISES = ((0.085, 0.042, 0.022), (0.05, 0.025, 0.014), (0.09, 0.13, 0.2), (0.11, 0.12, 0.07), (0.16, 0.17, 0.17))
FLESH = (0.26, 0.075, 0.065)
"""Of the mouth, whose painted depth is lightened: here light falls off by itself."""
EDGE = 0.007
"""Metres over which a beard begins."""


@dataclass(frozen=True, eq=False)
class Skin:
    """Maps of one head."""

    albedo: Colours
    shine: Map
    """How strongly a texel mirrors, beside plain skin's 1."""
    relief: Map
    """Metres."""


class Skins:
    """Makes them; `worn` are skins that there are, sRGB-coded and complete."""

    def __init__(self, model: MorphableModel, worn: UInt8[np.ndarray, "skins size size 3"], texels: int) -> None:
        self.model, self.worn, self.size = model, worn, texels
        rng = np.random.default_rng(0)
        self.grains = [[_noise(texels, width, rng) for _ in range(VARIANTS)] for width, *_ in GRAINS]
        self.fine = [_noise(texels, max(0.0015, 1.2 / texels), rng) for _ in range(VARIANTS)]
        self.wrinkles = Wrinkles(model, texels)
        tones = albedo_model(model)
        self.tones = np.concatenate([tones.mean[None], tones.modes]).reshape(len(tones.modes) + 1, -1)
        self.detail = self._enlarged(tones.detail)
        self.is_skin = skin_texels(model, texels).inside

    def made(self, recipe: Recipe, folds: dict[str, float]) -> Skin:
        """The maps; `folds` says how strongly the expression wrinkles which part."""
        rng = np.random.default_rng(recipe.detail)
        log = self._plain(recipe, rng)
        relief, shine = np.zeros((self.size, self.size), np.float32), np.ones((self.size, self.size), np.float32)
        strength = 0.5 if recipe.skin is not None else 1.0
        for (_, (least, most), colour, height), fields in zip(GRAINS, self.grains, strict=True):
            field = _moved(fields, rng)
            log += (strength * rng.uniform(least, most) * field)[..., None] * np.array(colour, np.float32)
            relief += np.float32(height * rng.uniform(0.4, 1.6)) * field
            shine *= np.exp(0.12 * field)
        if rng.random() < 0.5:
            log -= (self._freckles(rng) * (1 - self._region("lips", "eyes")))[..., None] * FRECKLE
        relief += self.wrinkles.relief(recipe.age, folds, rng)
        relief *= 1 - self._region("lips", "eyes")
        self._grow(log, shine, relief, recipe, rng)
        albedo = np.where(self.is_skin[..., None], np.exp(log).clip(DARKEST, BRIGHTEST), self._insides[recipe.iris])
        return Skin(albedo, np.where(self.is_skin, shine, 1), np.where(self.is_skin, relief, 0))

    def _plain(self, recipe: Recipe, rng: np.random.Generator) -> Colours:
        """Log albedo without what is small."""
        blood = np.float32(recipe.shade[1]) * BLOOD
        if recipe.skin is None or not len(self.worn):
            low = np.concatenate([[1], recipe.tone]).astype(np.float32) @ self.tones
            side = round((len(low) / 3) ** 0.5)
            low = np.clip(low.reshape(side, side, 3), np.log(DARKEST), np.log(BRIGHTEST))
            return self._enlarged(low) + np.float32(rng.uniform(0.8, 1.4)) * self.detail + blood
        coded = self.worn[int(recipe.skin * len(self.worn))]
        if rng.random() < 0.5:
            coded = coded[:, ::-1]
        log = np.log(np.maximum(decode_srgb(coded.astype(np.float32) / 255), DARKEST))
        return self._enlarged(log) - np.float32(max(recipe.shade[0], -0.3)) * MELANIN + blood

    def _enlarged(self, picture: np.ndarray) -> Colours:
        if len(picture) == self.size:
            return np.array(picture, np.float32)
        return np.asarray(cv2.resize(picture.astype(np.float32), (self.size, self.size), interpolation=cv2.INTER_CUBIC))

    def _region(self, *names: str) -> Map:
        return (
            self._regions[names]
            if names in self._regions
            else self._regions.setdefault(names, region(self.model, names, self.size))
        )

    @cached_property
    def _regions(self) -> dict[tuple[str, ...], Map]:
        return {}

    @cached_property
    def _insides(self) -> list[Colours]:
        """Eyes, mouth and teeth on their islands, by iris."""
        blank = Texture(np.zeros((self.size, self.size, 3), np.float32), np.ones((self.size, self.size), np.float32))
        eyes, texels = eyes_of(self.model), all_texels(self.model, self.size)
        painted = [paint_parts(self.model, blank, dict.fromkeys(eyes, np.array(iris, np.float32))).rgb for iris in IRISES]
        which = self.model.mesh.parts.get("mouth", slice(0, 0))
        mouth = (texels.inside & (texels.triangle >= which.start) & (texels.triangle < which.stop))[..., None]
        return [np.where(mouth, 0.65 * rgb + 0.35 * np.array(FLESH, np.float32), rgb) for rgb in painted]

    def _freckles(self, rng: np.random.Generator) -> Map:
        """Round dark spots: many on some, two or three moles on most."""
        spots = np.zeros((self.size, self.size), np.float32)
        count = rng.integers(100, 700) if rng.random() < 0.25 else rng.integers(0, 12)
        for x, y, radius, depth in rng.random((count, 4)):
            centre = (int(x * self.size * 16), int(y * self.size * 16))
            cv2.circle(spots, centre, int((0.5 + 2 * radius**4) * self.size / 64), 0.3 + depth, -1, cv2.LINE_AA, 4)
        return np.asarray(cv2.GaussianBlur(spots, (0, 0), self.size / 1100), np.float32)

    def _grow(self, log: Colours, shine: Map, relief: Map, recipe: Recipe, rng: np.random.Generator) -> None:
        """Cropped hair on the scalp, with a ragged line, and a beard."""
        colour, grain = np.log(np.array(recipe.hair_colour, np.float32)), _moved(self.fine, rng)
        share = np.zeros_like(shine)
        if not recipe.bald:
            _, up, (nose, *_) = self._face
            above = np.clip((up - nose) / 0.02, 0, 1)
            scalp, wave = self._region("scalp") * (1 - self._region("ears")) * above, _moved(self.grains[2], rng)
            ragged = (0.1 * wave + 0.25 * grain) * 4 * scalp * (1 - scalp)
            share = 0.97 / (1 + np.exp(-10 * (scalp + ragged - rng.uniform(0.4, 0.6))))
        if recipe.beard is not None:
            share = np.maximum(share, self._beard(recipe.beard, rng) * np.clip(1 + 0.35 * grain, 0, 1.05))
        hair = colour + (0.35 * grain)[..., None]
        log += share[..., None] * np.minimum(hair - log, 0.4)
        shine *= 1 - 0.7 * share
        relief += 0.00005 * share * grain

    def _beard(self, beard: Beard, rng: np.random.Generator) -> Map:
        across, up, (nose, mouth, eyes, corner, side) = self._face
        beyond = np.clip((across - corner) / (side - corner), 0, 1)
        line = np.where(across < corner, nose, mouth + beard.reach * 0.01 + beyond * (eyes - mouth)) - up
        line += 0.0012 * _moved(self.grains[2], rng)
        if beard.kind == 1:
            line = np.minimum(line, np.minimum(up - mouth + 0.003, 1.1 * corner - across))
        elif beard.kind == 2:
            line = np.minimum(line, 1.2 * corner - across)
        low = np.clip((up - (2 * mouth - nose) + 0.05) / 0.015, 0, 1)
        return np.asarray(np.clip(line / EDGE, 0, 1) * (1 - self._region("lips", "ears")) * beard.share * low, np.float32)

    @cached_property
    def _face(self) -> tuple[Map, Map, tuple[float, ...]]:
        """How far from the middle and up each texel lies on the mean head, and its nose, mouth, eyes, mouth's corner, side."""
        model = self.model
        places = interpolate(skin_texels(model, self.size), model.mesh, model.mean)
        e, corners = model.embedding, model.mesh.triangles[model.embedding.landmark_triangles]
        marks = np.einsum("pk,pki->pi", e.landmark_barycentric, model.mean[corners])
        heights = marks[33, 1], marks[[48, 54], 1].mean(), marks[36:48, 1].mean()
        widths = np.abs(marks[[48, 54], 0]).mean(), np.abs(marks[[0, 16], 0]).mean()
        return np.abs(places[..., 0]), places[..., 1], tuple(float(each) for each in (*heights, *widths))


def _moved(fields: list[Map], rng: np.random.Generator) -> Map:
    """One of them, turned and moved round."""
    field = fields[rng.integers(len(fields))]
    field = field[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
    return np.roll(field, rng.integers(len(field), size=2), (0, 1))


def _noise(size: int, width: float, rng: np.random.Generator) -> Map:
    """Noise of standard deviation 1 whose spots are `width` of the map wide, the same in all directions."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]) * size * max(width, 1.5 / size)
    spectrum = np.exp(-((np.log(np.maximum(frequency, 1e-6)) / 0.6) ** 2))
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((size, size))) * spectrum, (size, size))
    return np.asarray(field / max(float(field.std()), 1e-12), np.float32)
