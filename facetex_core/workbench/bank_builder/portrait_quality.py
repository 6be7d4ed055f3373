"""Whether a portrait is good enough for a bank: figures of it, and the first thing that is wrong."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float32, Shaped

from facetex_core.geometry.camera import yaw_degrees
from facetex_core.geometry.landmarks import eye_distance
from facetex_core.imaging.masked_blur import blur_where
from facetex_core.lazy import cv2
from facetex_core.structures import Camera, DelitView, Face, Fit, Texture
from facetex_core.texture.regions import plain_skin, region
from facetex_core.workbench.bank_builder import thresholds

Mask = Bool[np.ndarray, "size size"]
Plane = Float32[np.ndarray, "size size"]


def complaint(figures: Mapping[str, float]) -> str:
    """What is wrong, with the figure and its limit; empty where nothing is."""
    for name, limit in thresholds.LIMITS.items():
        value = figures[name]
        if not limit.least <= value <= limit.most:
            low = value < limit.least and limit.least >= 0
            bound = f"at least {limit.least:{limit.form}}" if low else f"at most {limit.most:{limit.form}}"
            return f"{limit.said.format(format(abs(value), limit.form))} ({bound})"
    return ""


def figures_of(view: DelitView, unmasked: Texture) -> dict[str, float]:
    """Every figure of LIMITS; `unmasked` is the photo unwrapped as if all of it were skin."""
    fit, lit, albedo = view.fit, view.lit, view.albedo
    plain = plain_skin(fit.model, lit.size) > 0.5
    straight = plain & (unmasked.visibility > 0.5)
    return {
        "yaw": yaw_degrees(fit.camera),
        "pitch": pitch_degrees(fit.camera),
        "mouth": _gap(view.observation.face),
        "eyes": _share(lit.visibility, unmasked.visibility, straight & _round_the_eyes(fit, lit.size)),
        "lit": _share(albedo.visibility > 0, lit.visibility > 0, plain),
        "uneven": _uneven(albedo, plain),
        "seen": float((albedo.visibility[plain] > 0).mean()) if plain.any() else 0.0,
        "sharpness": _sharpness(albedo, plain),
    }


def pitch_degrees(camera: Camera) -> float:
    """How far the head is raised: positive where it looks up past the camera."""
    towards = camera.world_to_camera[:3, :3].T @ np.array([0.0, 0.0, -1.0])
    return float(-np.degrees(np.arcsin(np.clip(towards[1], -1, 1))))


def _gap(face: Face) -> float:
    """Between the middles of the inner lips, in distances of the outer corners of the eyes."""
    upper, lower = face.landmarks[62], face.landmarks[66]
    return float(np.linalg.norm(upper - lower) / max(eye_distance(face.landmarks), 1e-6))


def _round_the_eyes(fit: Fit, size: int) -> Mask:
    eyes = (region(fit.model, "eyes", size) > 0.5).astype(np.uint8)
    reach = 2 * round(thresholds.ROUND_THE_EYES * size) + 1
    return np.asarray(cv2.dilate(eyes, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))) > 0)


def _share(part: Shaped[np.ndarray, "size size"], whole: Shaped[np.ndarray, "size size"], where: Mask) -> float:
    """Of what is there; 1 where nothing is."""
    there = float(whole[where].sum(dtype=np.float64))
    return min(float(part[where].sum(dtype=np.float64)) / there, 1.0) if there else 1.0


def _uneven(albedo: Texture, plain: Mask) -> float:
    """Root mean square of what the logarithms of both sides differ by, smoothly, where both are seen."""
    skin = (albedo.visibility * plain).astype(np.float32)
    both = np.minimum(skin, skin[:, ::-1])
    smooth = blur_where(_log_luminance(albedo), skin, thresholds.SIDES_BLUR * albedo.size)[..., 0]
    return float(np.sqrt((both * (smooth - smooth[:, ::-1]) ** 2).sum() / max(float(both.sum()), 1e-6)))


def _sharpness(albedo: Texture, plain: Mask) -> float:
    """Detail of a texel's size over that of two, on skin away from any border: below 1, the photo holds less than the map."""
    seen = (albedo.visibility > 0).astype(np.float32)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * thresholds.MASK_BORDER + 1, 2 * thresholds.MASK_BORDER + 1))
    inside = cv2.erode(((albedo.visibility > 0.5) & plain).astype(np.float32), kernel)
    bands = [_band(_log_luminance(albedo), seen, *blurs) for blurs in (thresholds.FINE_DETAIL, thresholds.COARSE_DETAIL)]
    fine, coarse = (float(np.sqrt((inside * band**2).sum())) for band in bands)
    return fine / max(coarse, 1e-6)


def _band(values: Float32[np.ndarray, "size size 1"], weight: Plane, finer: float, coarser: float) -> Plane:
    low = blur_where(values, weight, coarser)
    high = blur_where(values, weight, finer) if finer else values
    return np.asarray((high - low)[..., 0], np.float32)


def _log_luminance(texture: Texture) -> Float32[np.ndarray, "size size 1"]:
    return np.log(np.maximum(texture.rgb.mean(-1, keepdims=True), 1e-3))
