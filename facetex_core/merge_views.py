"""One albedo from several photos of a person, in two bands (Brown and Lowe 2007, after Burt and Adelson 1983).

What is broad is the mean of all photos, over borders so wide that no seam shows: the light that one photo's albedo still
carries is not another's. What is fine comes from the photo that sees it best, across narrow seams: photos are registered
to a few texels only, and their mean would be a blur.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float32

from facetex_core.crop import plain_skin, skin_texels
from facetex_core.lazy import cv2
from facetex_core.masked_blur import blur_where
from facetex_core.mesh import spread, triangle_normals, vertex_normals
from facetex_core.structures import Fit, Texture

BROAD = 0.02
"""Blur between the two bands, as a share of the map."""
FADE = 0.1
"""Width over which a photo's broad colour comes in from the border of what it shows, as a share of the map."""
SEAM = 0.006
"""Blur of the seams between details, as a share of the map."""
PATCH = 0.02
"""Blur by which small patches of one photo's detail within another's are given up, as a share of the map."""
BETTER = 3.0
"""How much better than the main photo another must see a texel to give its detail: one face is better than a patchwork."""
_DARKEST, _LEAST = 1e-3, 1e-6

Maps = Float32[np.ndarray, "views size size"]


def merge_views(partials: Sequence[Texture], fits: Sequence[Fit]) -> tuple[Texture, Maps]:
    """The albedo of all photos in the tone of the first, and the share of each in every texel's detail.

    Shares add up to 1 where any photo shows skin. One photo stays as it is.
    """
    seen = np.stack([partial.visibility > 0 for partial in partials])
    if len(partials) == 1:
        return partials[0], seen.astype(np.float32)
    clear = np.stack([clearness(partial, fit) for partial, fit in zip(partials, fits, strict=True)])
    colours = [np.log(np.maximum(partial.rgb, _DARKEST)) for partial in partials]
    broad = [_blur(colour, on, BROAD) for colour, on in zip(colours, seen, strict=True)]
    fine = [colour - low for colour, low in zip(colours, broad, strict=True)]
    plain = plain_skin(fits[0].model, partials[0].size) > 0.5
    shares = _shares(clear, seen)
    merged = _sum(_normalised(clear * _depth(seen, FADE), seen), _in_one_tone(broad, seen & plain)) + _sum(shares, fine)
    visibility = np.max([partial.visibility for partial in partials], axis=0)
    rgb = np.where(visibility[..., None] > 0, np.clip(np.exp(merged), 0, 1), 0)
    return Texture(rgb.astype(np.float32), visibility), shares


def clearness(texture: Texture, fit: Fit) -> Float32[np.ndarray, "size size"]:
    """How well the photo shows each texel: visibility, times the cosine of the angle, times pixels along a texel up to 1."""
    mesh, vertices = fit.model.mesh, fit.vertices
    towards = fit.camera.position - vertices
    normals = vertex_normals(vertices, mesh.triangles[mesh.parts["skin"]])
    cosine = np.clip(np.einsum("vi,vi->v", normals, towards) / np.linalg.norm(towards, axis=1), 0, 1)
    facing = spread(skin_texels(fit.model, texture.size), mesh, cosine[:, None].astype(np.float32))[..., 0]
    return np.asarray(texture.visibility * facing * np.minimum(pixels_a_texel(fit, texture.size), 1), np.float32)


def pixels_a_texel(fit: Fit, size: int) -> Float32[np.ndarray, "size size"]:
    """How many of the photo's pixels a texel is long, seen straight on."""
    texels = skin_texels(fit.model, size)
    pixels_a_metre = fit.camera.intrinsics[0, 0] / np.linalg.norm(fit.camera.position - fit.vertices, axis=1)
    density = spread(texels, fit.model.mesh, pixels_a_metre[:, None].astype(np.float32))[..., 0]
    return np.asarray(density * _metres(fit)[texels.triangle] / size, np.float32)


def _metres(fit: Fit) -> Float32[np.ndarray, "triangles"]:
    """How long the UV map's whole side would be on the skin, were all of the map laid out as the triangle is."""
    mesh, flat = fit.model.mesh, np.pad(fit.model.mesh.uvs, ((0, 0), (0, 1)))
    pairs = ((fit.vertices, mesh.triangles), (flat, mesh.uv_triangles))
    on_skin, on_map = (np.linalg.norm(triangle_normals(*pair), axis=1) for pair in pairs)
    return np.asarray(np.sqrt(on_skin / np.maximum(on_map, 1e-12)), np.float32)


def _in_one_tone(broad: list[np.ndarray], seen: Bool[np.ndarray, "views size size"]) -> list[np.ndarray]:
    """Each brought to the median tone of those before it where both show skin."""
    told = [broad[0]]
    for number, low in enumerate(broad[1:], 1):
        pairs = [(low - other)[on & seen[number]] for other, on in zip(told, seen[:number], strict=True)]
        differences = np.concatenate(pairs)
        told.append(low - np.median(differences, axis=0) if len(differences) else low)
    return told


def _shares(clear: Maps, seen: Bool[np.ndarray, "views size size"]) -> Maps:
    """1 where a photo is the best, the main one with a start, in patches of some size with soft seams; 0 where it is blind."""
    start = np.array([BETTER] + [1] * (len(clear) - 1))[:, None, None]
    patches = _where_largest(clear * _depth(seen, 2 * SEAM) * start, PATCH)
    return _normalised(_where_largest(patches, SEAM), seen)


def _where_largest(values: np.ndarray, width: float) -> Maps:
    """1 for the view that is the largest at a texel, 0 for the others, blurred."""
    largest = np.argmax(values, axis=0)[None] == np.arange(len(values))[:, None, None]
    return np.stack([cv2.GaussianBlur(mine.astype(np.float32), (0, 0), width * len(mine)) for mine in largest])


def _depth(seen: Bool[np.ndarray, "views size size"], width: float) -> Maps:
    """0 at the border of what is seen, rising to 1 over `width` of the map."""
    distance = [cv2.distanceTransform(on.astype(np.uint8), cv2.DIST_L2, 5) for on in seen]
    return np.clip(np.stack(distance) / (width * seen.shape[1]), 0, 1).astype(np.float32)


def _blur(values: np.ndarray, on: np.ndarray, width: float) -> np.ndarray:
    return blur_where(values, on.astype(np.float32), width * len(on))


def _normalised(weights: np.ndarray, seen: Bool[np.ndarray, "views size size"]) -> Maps:
    """Weights that add up to 1 where anything is seen."""
    some = (weights + _LEAST) * seen
    return np.asarray(some / np.maximum(some.sum(0), _LEAST), np.float32)


def _sum(weights: Maps, layers: list[np.ndarray]) -> Float32[np.ndarray, "size size 3"]:
    return np.asarray(sum(weight[..., None] * layer for weight, layer in zip(weights, layers, strict=True)), np.float32)
