"""Delighting by a small network of our own: A(u, v) = I(u, v) / S(u, v), S the shading that it finds (intrinsic images).

It sees the face's box of the lit texture, its mirror image, the fitted normals, the way to the camera, the mean skin, and the
light in second-order harmonics that would explain mean skin best. It was trained on portraits and made-up heads in made-up
light, with cast shadow, light from walls, and highlights; model_zoo/cards/delighter.md. So it tells shade from pigment where
harmonics cannot: under a brow, beside a nose, at the edge of the sun; and how light a skin is, by all of the face.
"""

import json
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from facetex_model_zoo import model_path
from jaxtyping import Float32, Shaped

from facetex_core import Device, Fit, LitView, MorphableModel, Texture, hookimpl, warn
from facetex_core.descriptors.bank import layout_of
from facetex_core.geometry.uv_raster import interpolate
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.imaging.resize import resized
from facetex_core.io.onnx_session import open_session
from facetex_core.lazy import cv2
from facetex_core.lighting.estimate_lighting import albedo_model, is_monochrome, normal_map
from facetex_core.lighting.harmonics import harmonics, shade
from facetex_core.lighting.thresholds import COLOURED
from facetex_core.texture.regions import face_slices, plain_skin, skin_texels
from facetex_plugins.delight.residuals import Flatten, Matte, remove_residual_shading
from facetex_plugins.delight.thresholds import FITTED_TONE

if TYPE_CHECKING:
    import onnxruntime

NETWORK_SIDE = 128
"""Texels of the face's box that the network sees."""
WORKING = 512
"""Texels of the whole map on which geometry is laid out."""
DARKEST_SEEN = 0.005
"""Linear; below, logarithms of what a photo shows mean nothing."""
INPUT_RIDGE = np.array([0.005, *[0.05] * 8]) * 0.02
"""Of the light's coefficients, relative to a texel's weight."""
FAINTEST_SHADING, STRONGEST_SHADING = 0.05, 5.0
"""Bounds of the shading in harmonics."""
ELSEWHERE = 0.01
"""Shares of the map by which landmarks may lie elsewhere than where the network has learned them."""

Picture = Float32[np.ndarray, "side side 3"]
Plane = Float32[np.ndarray, "side side"]
Still = Float32[np.ndarray, "side side 4"]

api_version = 2


@hookimpl
def delighters() -> dict[str, type]:
    """The default."""
    return {"network": NetworkDelighter}


class NetworkDelighter:
    """Division by shading that a network predicts, then removal of residual shading."""

    def __init__(self, flatten: Flatten = 0.5, matte: Matte = 0.9, device: Device = "cpu") -> None:
        self.flatten, self.matte, self.device = flatten, matte, device

    def delight(self, view: LitView) -> Texture:
        """The albedo; texels in deep shade lose visibility. On another UV map than the network's: by harmonics."""
        texture, fit = view.lit, view.fit
        if not (texture.visibility > 0).any():
            return texture
        if self._foreign(fit.model):
            warn(f"the network knows no UV map like that of {fit.model.name!r}: harmonics instead")
            shading = shade(view.appearance.lighting, normal_map(fit, texture.size))
        else:
            shading = _as_fitted(self._shading(texture, fit), view)
        return remove_residual_shading(view, shading, flatten=self.flatten, matte=self.matte)

    def _shading(self, texture: Texture, fit: Fit) -> Float32[np.ndarray, "size size 3"]:
        """Over the whole map; around the face's box as at its border."""
        box, middle = face_slices(fit.model, texture.size), face_slices(fit.model, WORKING)
        known = boxed((texture.visibility[box] > 0).astype(np.float32))
        lit = boxed(texture.rgb[box]) / np.maximum(known, 1e-3)[..., None]
        visibility = boxed(texture.visibility[box]) * (known > 0.5)
        normals = boxed(normal_map(fit, WORKING)[middle])
        planes = (lit, visibility, normals, towards_camera(fit), still_maps(fit.model))
        found = (self._found(*planes) + self._found(*_mirrored(*planes))[:, ::-1]) / 2  # nearer to the truth than either
        log = fill_smooth(found, (visibility > 0).astype(np.float32))
        side = box[0].stop - box[0].start
        rows, columns = ((part.start, texture.size - part.stop) for part in box)
        large = cv2.resize(log, (side, side), interpolation=cv2.INTER_CUBIC)
        return np.exp(np.pad(large, (rows, columns, (0, 0)), mode="edge")).astype(np.float32)

    def _found(self, lit: Picture, visibility: Plane, normals: Picture, towards: Picture, still: Still) -> Picture:
        maps, plain = network_maps(lit, visibility, normals, towards, still)
        (found,) = self._session.run(None, {"maps": maps[None], "shading": plain[None]})
        return np.asarray(found[0].transpose(1, 2, 0), np.float32)

    def _foreign(self, model: MorphableModel) -> bool:
        known = np.array(json.loads(self._session.get_modelmeta().custom_metadata_map["layout"]))
        return bool(np.abs(known - layout_of(model)).max() > ELSEWHERE)

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        return open_session(model_path("delighter"), self.device)


def _mirrored(
    lit: Picture, visibility: Plane, normals: Picture, towards: Picture, still: Still
) -> tuple[Picture, Plane, Picture, Picture, Still]:
    """The face's mirror image in the light's."""
    across = np.array([-1, 1, 1], np.float32)
    return lit[:, ::-1], visibility[:, ::-1], normals[:, ::-1] * across, towards[:, ::-1] * across, still[:, ::-1]


def _as_fitted(shading: Picture, view: LitView) -> Picture:
    """The shading, FITTED_TONE of the way to where the skin is as light and as red as the appearance holds it for.

    Two guesses at what one photo does not tell (docs/decisions/003).
    Of the light's colour, what changes over the face is halved, as in the fit: blood under the skin explains much of it.
    """
    lit, model = view.lit, view.fit.model
    seen = (lit.visibility > 0) & (plain_skin(model, lit.size) > 0.5)
    if not seen.any():
        return shading
    log = np.log(shading)
    colour = log - log.mean(-1, keepdims=True)
    log -= (1 - COLOURED) * (colour - np.median(colour[seen], axis=0))
    expected = cv2.resize(view.appearance.albedo, (lit.size, lit.size), interpolation=cv2.INTER_LINEAR)
    skin = np.log(np.maximum(lit.rgb[seen], DARKEST_SEEN)) - log[seen]
    apart = np.median(skin - np.log(np.maximum(expected[seen], DARKEST_SEEN)), axis=0)
    if is_monochrome(lit, model):
        apart[:] = apart.mean()
    return np.asarray(np.exp(log + FITTED_TONE * apart), np.float32)


def network_maps(
    lit: Picture, visibility: Plane, normals: Picture, towards: Picture, still: Still
) -> tuple[Float32[np.ndarray, "24 side side"], Float32[np.ndarray, "3 side side"]]:
    """What the network is given of the face's box: maps, and the logarithm of the shading in harmonics."""
    known = visibility[..., None] > 0
    log = np.where(known, np.log(np.clip(lit, DARKEST_SEEN, 1)) + 1, 0)
    shading = np.where(known, np.log(plain_shading(lit, visibility, normals, np.exp(still[..., :3]))), 0)
    both = np.concatenate([log, visibility[..., None], shading], -1)
    planes = [both, both[:, ::-1], normals, towards, still[..., :3] + 1.5, still[..., 3:]]
    return np.concatenate(planes, -1).transpose(2, 0, 1).astype(np.float32), shading.transpose(2, 0, 1).astype(np.float32)


def plain_shading(lit: Picture, visibility: Plane, normals: Picture, albedo: Picture) -> Picture:
    """Shading in second-order harmonics of the light that explains skin of this albedo best, by channel."""
    basis = harmonics(normals)
    some = (slice(None, None, 2),) * 2  # light is low-frequency
    weight, design = visibility[some].ravel(), basis[some].reshape(-1, 9)
    shading = np.empty_like(lit)
    for channel in range(3):
        columns = design * albedo[some][..., channel].reshape(-1, 1)
        matrix = (columns * weight[:, None]).T @ columns + np.diag(INPUT_RIDGE) * max(float(weight.sum()), 1.0)
        shading[..., channel] = basis @ np.linalg.solve(matrix, (columns * weight[:, None]).T @ lit[some][..., channel].ravel())
    return np.clip(shading, FAINTEST_SHADING, STRONGEST_SHADING)


@lru_cache(maxsize=8)
def still_maps(model: MorphableModel) -> Still:
    """What is the same for every photo: the logarithm of the mean albedo, and where skin is plain."""
    mean = cv2.resize(albedo_model(model).mean, (WORKING, WORKING), interpolation=cv2.INTER_LINEAR)
    return boxed(np.dstack([mean, plain_skin(model, WORKING)])[face_slices(model, WORKING)])


def towards_camera(fit: Fit) -> Picture:
    """Unit directions from the face's texels to the camera."""
    places = interpolate(skin_texels(fit.model, WORKING), fit.model.mesh, fit.vertices)[face_slices(fit.model, WORKING)]
    towards = fit.camera.position - boxed(places, nearest=True)
    return np.asarray(towards / np.linalg.norm(towards, axis=-1, keepdims=True), np.float32)


def boxed(
    picture: Shaped[np.ndarray, "height width *channels"], *, nearest: bool = False
) -> Float32[np.ndarray, "side side *channels"]:
    """A picture of the face's box at the network's size."""
    plain = np.ascontiguousarray(picture, np.float32)
    if nearest:
        return np.asarray(cv2.resize(plain, (NETWORK_SIDE, NETWORK_SIDE), interpolation=cv2.INTER_NEAREST))
    return resized(plain, (NETWORK_SIDE, NETWORK_SIDE))
