"""Close-cropped hair on the scalp, in the photo's colour: a head without hair of its own is read as bald.

Strokes are drawn on the map from roots that lie evenly over the skin, and lean the way hair grows, away from the crown.
"""

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from facetex_core import DelitView, MorphableModel
from facetex_core.geometry.camera import project
from facetex_core.geometry.mesh import triangle_normals, vertex_normals
from facetex_core.geometry.uv_raster import interpolate
from facetex_core.imaging.colour import luminance
from facetex_core.lazy import cv2
from facetex_core.lighting.harmonics import shade
from facetex_core.texture.regions import region, skin_texels
from facetex_core.texture.unwrap import facing
from facetex_plugins.synthesize.thresholds import ABOVE, FEWEST_HAIRS, HAIR_OF_BROWS, HAIRY, SCALP_OUTLINE, SURELY_HAIR, UPWARDS

Picture = Float32[np.ndarray, "size size 3"]
Weights = Float32[np.ndarray, "vertices"]
Vectors = Float32[np.ndarray, "points 3"]

CROWN = np.array([0.0, 0.085, -0.055])
"""Metres from the middle of the scalp, from where hair grows."""
HANGING = 0.35
"""How much of its way each hair turns downwards."""
ROOTS, HAIR_LENGTH, ASTRAY = 70000, 0.006, 0.25
"""Strokes on the whole scalp, metres, and radians of deviation."""
SHADES = np.array([0.5, 0.65, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5])
"""Of strokes, as shares of the hair's colour."""
PARTS = 16
"""Of a texel, in which OpenCV takes the ends of strokes."""
UNDERNEATH = 0.85
"""How much of thick hair is covered where no stroke lies: no skin shines through at the map's seams."""
WHITEST = 0.45
"""Linear albedo of white hair."""


def with_hair(rgb: Picture, view: DelitView, rng: np.random.Generator, *, always: bool) -> Picture:
    """The albedo with hair where it grows and the photo shows no bare skin; as it is where the photo shows a bald head."""
    grown = view.fit.model.regions.get("hair")
    if grown is None:
        return rgb
    if not always:
        normals = vertex_normals(view.fit.vertices, view.fit.model.mesh.triangles[view.fit.model.mesh.parts["skin"]])
        if _hair_on_outline(view, normals) < HAIRY:
            return rgb
        grown = _without_bare_skin(view, grown, normals)
    cover, shades = strokes(view.fit.model, grown, len(rgb), rng)
    return np.asarray(rgb * (1 - cover) + cover * np.clip(hair_colour(rgb, view) * shades, 0, 1), np.float32)


def _hair_on_outline(view: DelitView, normals: Vectors) -> float:
    """The mean probability of hair just above the outline of the scalp; 1 where the photo does not show it."""
    fit = view.fit
    towards = fit.camera.position - fit.vertices
    cosine = (normals * towards).sum(1) / np.linalg.norm(towards, axis=1)
    outline = (fit.model.regions["hair"] > 0.5) & (np.abs(cosine) < SCALP_OUTLINE) & (normals[:, 1] > UPWARDS)
    inside, hair = _sampled(view, fit.vertices[outline] + ABOVE * normals[outline], "hair")
    return float(hair.mean()) if inside.any() else 1.0


def _without_bare_skin(view: DelitView, grown: Weights, normals: Vectors) -> Weights:
    """Less where the camera sees the scalp and the photo shows skin there: a receding hairline."""
    which = np.flatnonzero(grown > 0)
    which = which[facing(view.fit, view.fit.vertices[which], normals[which]) > 0]
    inside, hair = _sampled(view, view.fit.vertices[which], "hair")
    _, skin = _sampled(view, view.fit.vertices[which], "skin")
    left = grown.copy()
    left[which[inside]] *= np.where(hair + skin > 0.5, hair / np.maximum(hair + skin, 1e-6), 1)
    return left


def _sampled(view: DelitView, points: Vectors, kind: str) -> tuple[Bool[np.ndarray, "points"], Float32[np.ndarray, "inside"]]:
    """Which points the photo shows, and the probability of a class there; a segmenter that does not tell it has seen none."""
    x, y = np.floor(project(view.fit.camera, points.astype(np.float32))).astype(int).T
    told = view.observation.segmentation.probabilities.get(kind)
    width, height = view.photo.size
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height) & (told is not None)
    return inside, told[y[inside], x[inside]] if told is not None else np.zeros(0, np.float32)


def hair_colour(rgb: Picture, view: DelitView) -> Float32[np.ndarray, "3"]:
    """Linear albedo: the median of what the photo shows over the light from ahead, or the brows' where it shows too little."""
    told = view.observation.segmentation.probabilities.get("hair")
    pixels = view.photo.rgb[told > SURELY_HAIR] if told is not None else view.photo.rgb[:0, 0]
    if len(pixels) >= FEWEST_HAIRS:
        light = shade(view.appearance.lighting, np.array([0, 0, 1], np.float32))
        return np.asarray(np.clip(np.median(pixels, 0) / np.maximum(light, 0.05), 0.004, WHITEST), np.float32)
    brows = rgb[region(view.fit.model, "brows", len(rgb)) > 0.7]
    light = luminance(brows)
    return np.asarray(brows[light <= np.quantile(light, HAIR_OF_BROWS)].mean(0), np.float32)


def strokes(
    model: MorphableModel, grown: Weights, size: int, rng: np.random.Generator
) -> tuple[Float32[np.ndarray, "size size 1"], Float32[np.ndarray, "size size 1"]]:
    """How much hair covers each texel, and how light it is beside the hair's mean."""
    starts, ends = _rooted(model, grown, rng)
    kind = rng.integers(len(SHADES), size=len(starts))
    cover, light = np.zeros((size, size), np.uint8), np.full((size, size), 0.5, np.float32)
    lines = np.round((np.stack([starts, ends], 1) * size - 0.5) * PARTS).astype(np.int32)
    for number, value in enumerate(SHADES):
        own = np.zeros((size, size), np.uint8)
        cv2.polylines(own, list(lines[kind == number]), isClosed=False, color=255, lineType=cv2.LINE_AA, shift=4)
        share = own / np.float32(255)
        light += share * (np.float32(value) - light)
        cover = np.maximum(cover, own)
    thick = interpolate(skin_texels(model, size), model.mesh, grown[:, None])
    return np.maximum((cover / np.float32(255))[..., None], UNDERNEATH * thick**2), light[..., None]


def _rooted(
    model: MorphableModel, grown: Weights, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "hairs 2"], Float[np.ndarray, "hairs 2"]]:
    """Roots and tips on the map; evenly over the surface, the fewer the less grows there."""
    mesh, vertices = model.mesh, model.mean
    triangles = np.flatnonzero(grown[mesh.triangles].max(1) > 0)
    area = np.linalg.norm(triangle_normals(vertices, mesh.triangles[triangles]), axis=1).astype(np.float64)
    chosen = rng.choice(triangles, ROOTS, p=area / area.sum())
    weights = rng.dirichlet(np.ones(3), ROOTS)
    dense = np.einsum("hk,hk->h", weights, grown[mesh.triangles[chosen]])
    kept = rng.random(ROOTS) < dense
    chosen, weights, dense = chosen[kept], weights[kept], dense[kept]
    places = np.einsum("hk,hkc->hc", weights, mesh.uvs[mesh.uv_triangles[chosen]])
    points = np.einsum("hk,hkc->hc", weights, vertices[mesh.triangles[chosen]])
    middle = np.average(vertices, axis=0, weights=grown)
    ways = _ways(points, vertices[mesh.triangles[chosen]], middle + CROWN, rng)
    length = HAIR_LENGTH * np.clip(dense, 0.3, 1) * rng.uniform(0.5, 1, len(ways))
    return places, places + length[:, None] * _on_map(ways, model, chosen)


def _ways(
    points: Float[np.ndarray, "hairs 3"],
    corners: Float[np.ndarray, "hairs 3 3"],
    crown: Float[np.ndarray, "3"],
    rng: np.random.Generator,
) -> Float[np.ndarray, "hairs 3"]:
    """Unit vectors along the skin, away from the crown and down, each a little astray."""
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    ways = points - crown
    ways = ways / np.linalg.norm(ways, axis=1, keepdims=True) + HANGING * np.array([0, -1, 0])
    ways -= (ways * normals).sum(1, keepdims=True) * normals
    ways /= np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1e-9)
    turn = rng.normal(0, ASTRAY, (len(ways), 1))
    return np.cos(turn) * ways + np.sin(turn) * np.cross(normals, ways)


def _on_map(
    ways: Float[np.ndarray, "hairs 3"], model: MorphableModel, triangles: Int[np.ndarray, "hairs"]
) -> Float[np.ndarray, "hairs 2"]:
    """Ways along triangles as ways in UV."""
    mesh = model.mesh
    space, flat = model.mean[mesh.triangles[triangles]].astype(np.float64), mesh.uvs[mesh.uv_triangles[triangles]]
    edges = np.stack([space[:, 1] - space[:, 0], space[:, 2] - space[:, 0]], 2)
    on_map = np.stack([flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]], 2)
    return np.einsum("hij,hjk,hk->hi", on_map, np.linalg.pinv(edges), ways)
