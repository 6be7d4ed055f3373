"""Skin for heads made up: a tone from the albedo model, brows and lips, blotches, pores and freckles, cropped hair, eyes."""

import numpy as np
from jaxtyping import Float, Float32

from facetex_core.lazy import cv2
from facetex_core.lighting.estimate_lighting import albedo_model
from facetex_core.parts.eyes import paint_parts
from facetex_core.structures import MorphableModel, Texture
from facetex_core.texture.regions import region

# Width over the face's box, least and greatest standard deviation of log albedo, and its colour.
GRAIN = (
    (1 / 350, (0.01, 0.035), (0.7, 1.0, 1.1)),
    (1 / 90, (0.01, 0.035), (0.5, 1.0, 1.0)),
    (1 / 22, (0.01, 0.05), (0.3, 1.0, 0.9)),
)
"""Pores, mottles and blotches: blood shows in green and blue, which it swallows."""
MUTED = 0.6
"""Of the standard deviations of all tones but the first, melanin: independent draws of the others make odd colours."""
DARKEST_SKIN, BRIGHTEST_SKIN = 0.012, 0.85
"""Linear albedo of skin and hair."""
HAIRS = ((0.012, 0.010, 0.009), (0.03, 0.018, 0.012), (0.07, 0.04, 0.02), (0.22, 0.14, 0.07), (0.3, 0.29, 0.28))
"""Black, brown, light brown, blond, grey."""
IRISES = ((0.085, 0.042, 0.022), (0.05, 0.025, 0.014), (0.09, 0.13, 0.2), (0.11, 0.12, 0.07), (0.16, 0.17, 0.17))
FRECKLE = np.array([0.25, 0.45, 0.55], np.float32)
"""What a freckle takes from log albedo at most."""
BALD = 0.15
"""Share of heads without hair."""


def sample_skin(
    model: MorphableModel, size: int, rng: np.random.Generator
) -> tuple[Float32[np.ndarray, "size size 3"], Float32[np.ndarray, "size size"]]:
    """Albedo of the whole map of somebody who does not exist, and how strongly each texel mirrors: pores and hair do less."""
    tones = albedo_model(model)
    coefficients = rng.standard_normal(len(tones.modes))
    coefficients[1:] *= MUTED
    low = np.clip(tones.mean + np.tensordot(coefficients, tones.modes, 1), np.log(DARKEST_SKIN), np.log(BRIGHTEST_SKIN))
    log = _enlarged(low, size) + rng.uniform(0.8, 1.4) * _enlarged(tones.detail, size)
    for width, (least, greatest), colour in GRAIN:
        field = _grain(size, width * (model.face_box[2] - model.face_box[0]), rng)
        log += (rng.uniform(least, greatest) * field)[..., None] * np.array(colour, np.float32)
    log -= (_freckles(size, rng) * (1 - region(model, ("lips", "eyes"), size)))[..., None] * FRECKLE
    shine = np.exp(0.35 * _grain(size, GRAIN[0][0], rng) + 0.35 * _grain(size, GRAIN[1][0], rng))
    if rng.random() > BALD:
        log, share = _with_hair(log, model, rng)
        shine *= 1 - 0.8 * share
    skin = Texture(np.exp(log).clip(DARKEST_SKIN, BRIGHTEST_SKIN).astype(np.float32), np.ones((size, size), np.float32))
    iris = (np.array(IRISES[rng.integers(len(IRISES))]) * rng.uniform(0.8, 1.25)).astype(np.float32)
    eyes = [part for part in ("right_eye", "left_eye") if part in model.mesh.parts]
    return paint_parts(model, skin, dict.fromkeys(eyes, iris)).rgb, shine.astype(np.float32)


def _with_hair(
    log: Float[np.ndarray, "size size 3"], model: MorphableModel, rng: np.random.Generator
) -> tuple[Float32[np.ndarray, "size size 3"], Float[np.ndarray, "size size"]]:
    """Cropped hair on the scalp, with a ragged line, and brows of its colour; and where the hair is."""
    size = len(log)
    colour = np.log(np.array(HAIRS[rng.integers(len(HAIRS))]) * rng.uniform(0.8, 1.3))
    scalp = region(model, "scalp", size)
    ragged = (0.25 * _grain(size, 0.02, rng) + 0.2 * _grain(size, 0.003, rng)) * 4 * scalp * (1 - scalp)
    share = 1 / (1 + np.exp(-12 * (scalp + ragged - 0.4)))
    hair = colour + (0.25 * _grain(size, 0.002, rng) + 0.15 * _grain(size, 0.01, rng))[..., None]
    brows = 0.5 * rng.random() * np.clip(region(model, "brows", size) + 0.3 * _grain(size, 0.003, rng), 0, 1) ** 2
    log = np.minimum(log + brows[..., None] * (colour - log) * (region(model, "brows", size) > 0.2)[..., None], log)
    return np.asarray(log + share[..., None] * (hair - log), np.float32), share


def _grain(size: int, width: float, rng: np.random.Generator) -> Float32[np.ndarray, "size size"]:
    """Noise of standard deviation 1 whose spots are `width` of the map wide, the same in all directions."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]) * size * width
    spectrum = np.exp(-((np.log(np.maximum(frequency, 1e-6)) / 0.6) ** 2))
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((size, size))) * spectrum, (size, size))
    return np.asarray(field / max(float(field.std()), 1e-12), np.float32)


def _freckles(size: int, rng: np.random.Generator) -> Float32[np.ndarray, "size size"]:
    """Round dark spots: many on some, two or three moles on most."""
    spots = np.zeros((size, size), np.float32)
    count = rng.integers(100, 700) if rng.random() < 0.25 else rng.integers(0, 12)
    for x, y, radius, depth in rng.random((count, 4)):
        centre = (round(float(x) * (size - 1)), round(float(y) * (size - 1)))
        cv2.circle(spots, centre, max(1, round((0.5 + 2 * radius**4) * size / 1024)), 0.3 + float(depth), -1)
    return np.asarray(cv2.GaussianBlur(spots, (0, 0), size / 1100), np.float32)


def _enlarged(picture: Float[np.ndarray, "height width *channels"], size: int) -> Float32[np.ndarray, "size size *channels"]:
    return np.asarray(cv2.resize(picture.astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC), np.float32)
