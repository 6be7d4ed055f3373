"""Paints what no photo shows whole: eyeballs, the inside of the mouth and teeth; then fills the empty rest of the map."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Float32

from facetex_core.geometry.uv_raster import UVRaster, all_texels, interpolate
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.parts.teeth import blend, on_jaw, paint_gums, paint_teeth, rows_of, smooth_step
from facetex_core.structures import MorphableModel, Texture

IRIS_RADIUS = 0.00585
"""Metres; the visible iris is 11.7 mm wide (Ruefer et al. 2005)."""
PUPIL = 0.34
"""Radius of the pupil as a share of the iris's: 4 mm in indoor light."""

# Linear albedo.
SCLERA = np.array([0.50, 0.44, 0.40])
CORNER = np.array([0.50, 0.24, 0.20])
VEIN = np.array([0.45, 0.12, 0.10])
FLESH = np.array([0.30, 0.075, 0.065])
GULLET = np.array([0.02, 0.003, 0.003])
LASHES = np.array([0.015, 0.010, 0.008])

Rgb = Float32[np.ndarray, "texels 3"]

Texels = Float[np.ndarray, "texels"]
Colour = Float[np.ndarray, "3"]
Mask = Bool[np.ndarray, "size size"]


def eyes_of(model: MorphableModel) -> list[str]:
    """The parts that are eyeballs."""
    return [part for part in ("right_eye", "left_eye") if part in model.mesh.parts]


def paint_parts(
    model: MorphableModel, albedo: Texture, irises: Mapping[str, Float32[np.ndarray, "3"]], lashes: Colour | None = None
) -> Texture:
    """The albedo with eyes of these iris colours (by part), lashes, mouth and teeth, continued beyond its islands."""
    texels = all_texels(model, albedo.size)
    rgb = albedo.rgb.copy()
    for part, colour in irises.items():
        where = texels.of(model.mesh, part)
        rgb[where] = _eye(model, texels, part, where, colour)
    if "mouth" in model.mesh.parts:
        where = texels.of(model.mesh, "mouth")
        rgb[where] = _mouth(_points(model, texels, where))
    if "teeth" in model.mesh.parts:
        where = texels.of(model.mesh, "teeth")
        rgb[where] = paint_teeth(_points(model, texels, where), _share(model, texels, rows_of(model)["upper"])[where])
    if "gums" in model.mesh.parts:
        where = texels.of(model.mesh, "gums")
        rgb[where] = paint_gums(_points(model, texels, where), _share(model, texels, on_jaw(model))[where])
    rgb[texels.of(model.mesh, "lashes")] = LASHES if lashes is None else lashes
    return replace(albedo, rgb=fill_smooth(np.clip(rgb, 0, 1), texels.inside.astype(np.float32)))


def _share(model: MorphableModel, texels: UVRaster, vertices: Bool[np.ndarray, "vertices"]) -> Mask:
    """The texels that lie nearer to these vertices than to others."""
    return np.asarray(interpolate(texels, model.mesh, vertices[:, None].astype(np.float32))[..., 0] > 0.5)


def _points(model: MorphableModel, texels: UVRaster, where: Mask) -> Float32[np.ndarray, "texels 3"]:
    """Where the texels lie on the mean head, in metres."""
    return interpolate(texels, model.mesh, model.mean)[where]


def eye_frame(model: MorphableModel, part: str) -> tuple[Colour, float, Colour]:
    """Centre, radius and optical axis of the mean eyeball: a least-squares sphere, and where the cornea stands out of it."""
    points = model.mean[np.unique(model.mesh.triangles[model.mesh.parts[part]])].astype(np.float64)
    solution = np.linalg.lstsq(np.c_[2 * points, np.ones(len(points))], (points**2).sum(1), rcond=None)[0]
    centre = solution[:3]
    radius = float(np.sqrt(solution[3] + centre @ centre))
    rays = points - centre
    excess = np.linalg.norm(rays, axis=1) - radius
    if excess.max() < 0.02 * radius:
        return centre, radius, np.array([0.0, 0.0, 1.0])
    axis = rays[excess > 0.5 * excess.max()].mean(0)
    return centre, radius, axis / np.linalg.norm(axis)


def _eye(model: MorphableModel, texels: UVRaster, part: str, where: Mask, iris: Colour) -> Rgb:
    """Sclera, limbus, iris and pupil by the angle from the optical axis."""
    centre, radius, axis = eye_frame(model, part)
    rays = _points(model, texels, where) - centre
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    side = np.cross([0, 1, 0], axis)
    side /= np.linalg.norm(side)
    up = np.cross(axis, side)
    angle = np.arccos(np.clip(rays @ axis, -1, 1))
    turn = np.arctan2(rays @ up, rays @ side)
    share = angle / np.arcsin(min(IRIS_RADIUS / radius, 0.9))
    rng = np.random.default_rng(0)
    white = _sclera(angle, np.abs(rays @ side), turn, rng)
    inner = _iris(share, turn, iris, rng)
    # The limbus, where the sclera begins to cover the iris, is a soft dark ring.
    rim = np.exp(-(((share - 0.98) / 0.09) ** 2))[:, None]
    painted = blend(inner, white, smooth_step(0.92, 1.08, share))
    painted *= 1 - 0.45 * rim
    return painted.astype(np.float32)


def _sclera(angle: Texels, sideways: Texels, turn: Texels, rng: np.random.Generator) -> Float[np.ndarray, "texels 3"]:
    """Warm white that reddens towards the corners, with a few veins from behind."""
    red = 0.6 * smooth_step(0.35, 0.9, sideways) + 0.35 * smooth_step(0.9, 1.6, angle)
    white = blend(np.broadcast_to(SCLERA, (len(angle), 3)), CORNER, np.clip(red, 0, 1))
    wavy = _periodic_noise(turn, 9 * angle, (5, 9, 14, 23), rng)
    veins = np.exp(-((wavy / 0.06) ** 2)) * 0.22 * smooth_step(0.55, 1.1, angle)
    return blend(white, VEIN, veins)


def _iris(share: Texels, turn: Texels, colour: Colour, rng: np.random.Generator) -> Float[np.ndarray, "texels 3"]:
    """Fibres round the pupil, a lighter collarette, a darker rim."""
    fibres = _periodic_noise(turn, 2.5 * share, (7, 13, 22, 37, 61), rng)
    collarette = np.exp(-(((share - 0.52) / 0.13) ** 2))
    light = 1.25 * np.exp(0.22 * fibres + 0.28 * collarette - 0.9 * smooth_step(0.72, 1.0, share))
    return blend(colour * light[:, None], np.full(3, 0.004), 1 - smooth_step(PUPIL - 0.06, PUPIL + 0.05, share))


def _periodic_noise(turn: Texels, drift: Texels, waves: tuple[int, ...], rng: np.random.Generator) -> Texels:
    """About -1 to 1; waves round the circle whose phases wander with `drift`."""
    phases, bends = rng.uniform(0, 2 * np.pi, (2, len(waves)))
    each = enumerate(zip(waves, phases, bends, strict=True))
    return np.sum([np.cos(n * turn + p + np.sin(drift * (1 + 0.3 * k) + b)) for k, (n, p, b) in each], 0) / np.sqrt(len(waves))


def _mouth(points: Float32[np.ndarray, "texels 3"]) -> Rgb:
    """Flesh that darkens with depth: hardly any light comes back out of a mouth."""
    depth = points[:, 2].max() - points[:, 2]
    colour = blend(np.broadcast_to(FLESH, (len(points), 3)), GULLET, smooth_step(0.012, 0.05, depth))
    return colour.astype(np.float32)
