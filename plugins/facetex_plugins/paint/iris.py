"""The colour of an iris in the photo: the ring round the darkest disc between the lids."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32, Int

from facetex_core import Fit, LitView
from facetex_core.geometry.camera import project
from facetex_core.geometry.landmarks import EYES, EYES_68
from facetex_core.imaging.colour import luminance
from facetex_core.lighting.harmonics import shade
from facetex_core.parts.eyes import IRIS_RADIUS
from facetex_plugins.paint import thresholds

BROWN = (0.085, 0.042, 0.022)
"""Linear albedo of the commonest iris."""
Plane = Float[np.ndarray, "height width"]
Place = Int[np.ndarray, "2"]


def iris_colour(view: LitView, part: str) -> Float32[np.ndarray, "3"] | None:
    """Linear albedo of the iris of `left_eye` or `right_eye`; none where the eye is shut, hidden or too small."""
    photo, fit = view.photo, view.fit
    contour, distance = _contour(fit, part)
    radius = IRIS_RADIUS * float(fit.camera.intrinsics[0, 0]) / distance
    low, high = np.floor(contour.min(0)).astype(int) - 1, np.ceil(contour.max(0)).astype(int) + 2
    inside_photo = bool(np.all(low >= 0) and np.all(high <= photo.size))
    if radius < thresholds.SMALLEST_IRIS or not inside_photo:
        return None
    crop = photo.rgb[low[1] : high[1], low[0] : high[0]]
    between = _between_lids(contour - low, crop.shape[:2])
    centre = _darkest_disc(luminance(crop), between, radius)
    if centre is None:
        return None
    return _ring_colour(crop, between, centre, radius, shade(view.appearance.lighting, np.array([0, 0, 1], np.float32)))


def of_one_person(found: Sequence[Float32[np.ndarray, "3"] | None]) -> list[Float32[np.ndarray, "3"]]:
    """Irises of one person are alike, however the light falls: both get the geometric mean, unless their hues truly differ.

    An eye that is not seen has the other's colour, brown where neither is.
    """
    seen = [colour for colour in found if colour is not None] or [np.array(BROWN, np.float32)]
    logs = np.log(np.maximum(seen, 1e-4))
    hues = logs - logs.mean(1, keepdims=True)
    if np.ptp(hues, axis=0).max() > thresholds.ODD_EYES:
        return [seen[0] if colour is None else colour for colour in found]
    return [np.exp(logs.mean(0)).astype(np.float32) for _ in found]


def _contour(fit: Fit, part: str) -> tuple[Float32[np.ndarray, "points 2"], float]:
    """The lids' edge in pixels of the photo, and how far it is from the camera in metres."""
    embedding, mesh = fit.model.embedding, fit.model.mesh
    dense = len(embedding.dense_triangles) > max(EYES[part])
    which = list(EYES[part] if dense else EYES_68[part])
    triangles = (embedding.dense_triangles if dense else embedding.landmark_triangles)[which]
    weights = (embedding.dense_barycentric if dense else embedding.landmark_barycentric)[which]
    points = np.einsum("pkc,pk->pc", fit.vertices[mesh.triangles[triangles]], weights).astype(np.float32)
    away = points @ fit.camera.world_to_camera[2, :3] + fit.camera.world_to_camera[2, 3]
    return project(fit.camera, points), float(away.mean())


def _between_lids(contour: Float[np.ndarray, "points 2"], shape: tuple[int, ...]) -> Float32[np.ndarray, "height width"]:
    import cv2

    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round((contour - 0.5) * 16).astype(np.int32)], 1, shift=4)
    return mask.astype(np.float32)


def _darkest_disc(light: Plane, between: Plane, radius: float) -> Place | None:
    """x, y of the disc of the iris's size whose part between the lids is darkest; it stays inside, level with the middle."""
    import cv2

    side = int(np.ceil(radius))
    y, x = np.mgrid[-side : side + 1, -side : side + 1]
    disc = (x * x + y * y <= radius * radius).astype(np.float32)
    seen = cv2.filter2D(between, -1, disc, borderType=cv2.BORDER_CONSTANT)
    dark = cv2.filter2D(light * between, -1, disc, borderType=cv2.BORDER_CONSTANT) / np.maximum(seen, 1)
    allowed = (seen > thresholds.OPEN_EYE * disc.sum()) & (between > 0)
    if not allowed.any():
        return None
    dark = np.where(allowed, dark, np.inf)
    if dark.min() > thresholds.IRIS_CONTRAST * light[between > 0].mean():
        return None
    y, x = np.unravel_index(np.argmin(dark), dark.shape)
    return np.array([x, y])


def _ring_colour(
    crop: Float[np.ndarray, "height width 3"], between: Plane, centre: Place, radius: float, white: Float[np.ndarray, "3"]
) -> Float32[np.ndarray, "3"] | None:
    """The median between pupil and limbus, lashes' shadow and highlights left out, over the light that falls on it."""
    y, x = np.mgrid[: crop.shape[0], : crop.shape[1]]
    away = np.hypot(x - centre[0], y - centre[1]) / radius
    inner, outer = thresholds.IRIS_RING
    ring = (away > inner) & (away < outer) & (between > 0) & (y > centre[1] - thresholds.LID_SHADE * radius)
    pixels = crop[ring]
    if len(pixels) < thresholds.FEWEST_PIXELS:
        return None
    light = luminance(pixels)
    low, high = np.quantile(light, thresholds.IRIS_LIGHT)
    colour = np.median(pixels[(light >= low) & (light <= high)], 0) / np.maximum(white, 0.05)
    colour[0] = min(colour[0], thresholds.REDDEST_IRIS * colour[1])
    level = float(luminance(colour.astype(np.float32)))
    if level < thresholds.DARKEST_IRIS:  # nearly black, it has no hue to be made stronger; nearly all dark irises are brown
        brown = np.array(BROWN, np.float32)
        return np.asarray(colour + (thresholds.DARKEST_IRIS - level) * brown / luminance(brown), np.float32)
    return np.asarray(colour * min(1, thresholds.BRIGHTEST_IRIS / level), np.float32)
