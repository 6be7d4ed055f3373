"""The part of the UV map that a portrait shows, and which texels of it are plain skin."""

from functools import lru_cache

import numpy as np
from jaxtyping import Float32

from facetex_core.geometry.uv_raster import UVRaster, interpolate, rasterize_uv
from facetex_core.imaging.resize import resized
from facetex_core.structures import MorphableModel, Texture

NO_SKIN = ("lips", "brows", "eyes", "nostrils")
"""Regions left out of skin statistics: correlations forget places, and these would be redrawn as strokes on a cheek."""


def face_slices(model: MorphableModel, size: int) -> tuple[slice, slice]:
    """Rows and columns of the face's box in a map of `size` texels; as wide as high."""
    left, top, right, bottom = (round(edge * size) for edge in model.face_box)
    side = min(right - left, bottom - top)
    return slice(top, top + side), slice(left, left + side)


def face_crop(texture: Texture, model: MorphableModel) -> Texture:
    """The face's box of a whole map."""
    box = face_slices(model, texture.size)
    return Texture(np.ascontiguousarray(texture.rgb[box]), np.ascontiguousarray(texture.visibility[box]))


def resize_texture(texture: Texture, size: int) -> Texture:
    """The texture at another size; hidden texels do not bleed into visible ones."""
    if texture.size == size:
        return texture
    weight = (texture.visibility > 0).astype(np.float32)
    parts = (weight, texture.rgb * weight[..., None], texture.visibility)
    known, rgb, visibility = (resized(part, (size, size)) for part in parts)
    visibility = visibility * (known > 0.5)
    rgb = np.where(visibility[..., None] > 0, rgb / np.maximum(known, 1e-6)[..., None], 0)
    return Texture(rgb.astype(np.float32), visibility.astype(np.float32))


def skin_only(texture: Texture, model: MorphableModel) -> Texture:
    """The texture without lips, brows, eyes and nostrils."""
    skin = plain_skin(model, texture.size)
    visibility = texture.visibility * (skin > 0.5)
    return Texture(np.where(visibility[..., None] > 0, texture.rgb, 0).astype(np.float32), visibility.astype(np.float32))


@lru_cache(maxsize=8)
def plain_skin(model: MorphableModel, size: int) -> Float32[np.ndarray, "size size"]:
    """Where the face has neither lips, brows, eyes nor nostrils: 1, falling smoothly to 0."""
    return np.asarray(region(model, "face", size) * (1 - region(model, NO_SKIN, size)), np.float32)


def region(model: MorphableModel, names: str | tuple[str, ...], size: int) -> Float32[np.ndarray, "size size"]:
    """The regions' weights over the UV map, the largest where several are named."""
    wanted = [model.regions[name] for name in ((names,) if isinstance(names, str) else names)]
    values = interpolate(skin_texels(model, size), model.mesh, np.max(wanted, axis=0)[:, None].astype(np.float32))[..., 0]
    return np.clip(values, 0, 1)  # interpolation leaves that range by a rounding, and a square root ends there


@lru_cache(maxsize=8)
def skin_texels(model: MorphableModel, size: int) -> UVRaster:
    """The texels of the skin, laid out once for each model and size."""
    return rasterize_uv(model.mesh, size, ("skin",))
