"""From a texture divided by its shading to an albedo: what no shading explains loses visibility or is taken out.

Shading is kept from falling to nothing, where division only makes coloured fringes; the smooth part of what it leaves (near
light) is drawn towards the model's albedo; what one side of the face has and the other has not (cast shadow, sun) is taken
out; shine is taken down; contours lose stray colour; grey photographs are coloured.
"""

from typing import Annotated

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from facetex_core import Fit, LitView, Meta, Texture
from facetex_core.imaging.colour import luminance
from facetex_core.imaging.masked_blur import blur_where
from facetex_core.lazy import cv2
from facetex_core.lighting.estimate_lighting import albedo_model, is_monochrome, normal_map
from facetex_core.texture.regions import NO_SKIN, plain_skin, region
from facetex_plugins.delight import thresholds

_TINY = 1e-4

Flatten = Annotated[
    float, Meta(ge=0, le=1, description="share of the smooth deviation from the model's albedo that is removed")
]
Matte = Annotated[float, Meta(ge=0, le=1, description="share of the highlights that is removed")]
"""The options that delighters share."""

Colours = Float[np.ndarray, "size size 3"]
Plane = Float[np.ndarray, "size size"]


def remove_residual_shading(
    view: LitView, shading: Float32[np.ndarray, "size size 3"], *, flatten: float, matte: float
) -> Texture:
    """The albedo under this shading; `flatten` is the share of the smooth residual taken out, `matte` of the shine.

    Texels in deep shade lose visibility, since nothing can be divided out of black.
    """
    lit, fit = view.lit, view.fit
    seen = lit.visibility > 0
    if not seen.any():
        return lit
    middle = np.median(shading[seen], axis=0)
    depth = (shading / middle).min(-1)
    visibility = lit.visibility * np.clip((2 * depth - thresholds.SHADED) / thresholds.SHADED, 0, 1)
    visibility = visibility * _not_below(normal_map(fit, lit.size), fit)
    albedo = lit.rgb / np.clip(shading, thresholds.DARKEST_SHADING * middle, thresholds.BRIGHTEST_SHADING * middle)
    if is_monochrome(lit, fit.model):
        albedo = colourise(albedo, view)
    expected = cv2.resize(view.appearance.albedo, (lit.size, lit.size), interpolation=cv2.INTER_LINEAR)
    visibility = visibility * _clear_of_outline(albedo, expected, visibility, fit)
    visibility = visibility * _without_crumbs(visibility, fit)
    skin = visibility * plain_skin(fit.model, lit.size)
    albedo = _flattened(albedo, expected, skin, flatten)
    albedo = _one_sided_light_out(albedo, expected, skin)
    albedo = _without_shine(albedo, expected, skin, matte)
    albedo = _without_fringe(albedo, expected, skin, lit.visibility)
    visible = visibility > 0
    return Texture(np.where(visible[..., None], np.clip(albedo, 0, 1), 0).astype(np.float32), visibility.astype(np.float32))


def _flattened(albedo: Colours, expected: Colours, skin: Plane, share: float) -> Float32[np.ndarray, "size size 3"]:
    """Of colour three times over: beards and brows are dark, but what changes the colour over a whole cheek is light."""
    residual = _log_ratio(albedo, expected)
    residual -= _middle(residual, skin > 0)
    smooth = blur_where(np.clip(residual, -1, 1), skin, thresholds.RESIDUAL_BLUR * len(albedo))
    lightness = smooth.mean(-1, keepdims=True)
    taken = share * lightness + (1 - (1 - share) ** 3) * (smooth - lightness)
    return np.asarray(albedo * np.exp(-taken), np.float32)


def _without_shine(albedo: Colours, expected: Colours, skin: Plane, share: float) -> Float32[np.ndarray, "size size 3"]:
    """A highlight adds the light's colour: it is brighter than its surroundings and paler, so blue rises the most."""
    residual = _log_ratio(albedo, expected)
    residual -= _middle(residual, skin > 0)
    wide = blur_where(residual, skin, thresholds.RESIDUAL_BLUR * len(albedo))
    bump = blur_where(residual - wide, skin, thresholds.SHINE_WIDTH * len(albedo))
    paler = np.clip((bump[..., 2] - bump[..., 0]) / thresholds.SHINE_PALER, 0, 1)[..., None]
    return np.asarray(albedo * np.exp(-share * np.maximum(bump - thresholds.SHINE_LEAST, 0) * paler), np.float32)


def _one_sided_light_out(albedo: Colours, expected: Colours, skin: Plane) -> Float32[np.ndarray, "size size 3"]:
    """Takes out cast shadow and patches of sun: what is darker (lighter) than both the model's albedo and its own mirror.

    Sides of a face differ a little; up to ONE_SIDED they may. What is the same on both, a beard or a blush, stays as it is.
    """
    size = len(albedo)
    residual = _log_ratio(albedo, expected)
    residual -= _middle(residual, skin > 0)
    smooth = blur_where(np.clip(residual, -1, 1), skin, thresholds.SHADOW_EDGE * size)
    other = smooth - smooth[:, ::-1]
    excess = np.where(smooth * other > 0, np.minimum(np.abs(smooth), np.abs(other)) - thresholds.ONE_SIDED, 0)
    patch = np.sign(smooth) * np.maximum(excess, 0) * (skin * skin[:, ::-1] > 0)[..., None]
    return np.asarray(
        albedo * np.exp(-blur_where(patch.astype(np.float32), skin, thresholds.SHADOW_EDGE * size / 4)), np.float32
    )


def _without_fringe(albedo: Colours, expected: Colours, skin: Plane, sure: Plane) -> Float32[np.ndarray, "size size 3"]:
    """The less straight on a texel was seen, the more it takes the model's colour.

    At a contour, light from behind and the background come through.
    """
    residual = _log_ratio(albedo, expected)
    tint = residual - residual.mean(-1, keepdims=True)
    tint -= _middle(tint, skin > 0)
    unsure = (1 - sure) * (skin > 0)
    return np.asarray(albedo * np.exp(-unsure[..., None] * tint), np.float32)


def _not_below(normals: Colours, fit: Fit) -> Float32[np.ndarray, "size size"]:
    """0 on the underside of the jaw: it lies in the head's own shadow, which no harmonics explain; nose and lips stay."""
    down = np.clip((-normals[..., 1] - thresholds.DOWNWARD) / thresholds.DOWNWARD_FADE, 0, 1)
    return np.asarray(1 - down * (1 - region(fit.model, ("nose", "lips", "eyes", "brows"), len(normals))), np.float32)


def _clear_of_outline(albedo: Colours, expected: Colours, visibility: Plane, fit: Fit) -> Float32[np.ndarray, "size size"]:
    """0 on the forehead and near the outline where it is much darker than the face: hair, collars and the shade they throw.

    No mask cuts these sharply. A beard is dark at the outline too, and stays: it shows on the chin.
    """
    size = len(albedo)
    residual = _log_ratio(albedo, expected).mean(-1)
    residual = residual - _middle(residual, (visibility > 0) & (plain_skin(fit.model, size) > 0.5))
    dark = blur_where(np.clip(residual, -1, 1)[..., None], visibility, thresholds.HAIR_WIDTH * size)[..., 0]
    hair = np.clip((-dark - thresholds.FAINT_HAIR) / thresholds.FAINT_HAIR, 0, 1)
    above = cv2.GaussianBlur(region(fit.model, ("forehead", "scalp"), size), (0, 0), thresholds.HAIR_WIDTH * size)
    chin = _middle(dark, (visibility > 0) & (region(fit.model, "chin", size) > 0.5))
    beard = np.clip((-chin - thresholds.BEARDED) / thresholds.BEARDED, 0, 1)
    outline = (1 - beard) * _near_outline(_whole(visibility, fit))
    return np.asarray(1 - hair * np.clip(2 * above + outline, 0, 1), np.float32)


def _without_crumbs(visibility: Plane, fit: Fit) -> Float32[np.ndarray, "size size"]:
    """1 on the face's broad shape: what sticks out of it, or lies by itself, is cut off by shadow and in shadow too."""
    reach = 2 * round(thresholds.CRUMB * len(visibility)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    broad = cv2.morphologyEx(_whole(visibility, fit), cv2.MORPH_OPEN, disc)
    return np.asarray(cv2.GaussianBlur(broad.astype(np.float32), (0, 0), 1.0) * broad)


def _whole(visibility: Plane, fit: Fit) -> UInt8[np.ndarray, "size size"]:
    """The shape of the face, features and glasses' lenses in it: no border of what is shown runs through the middle."""
    size = len(visibility)
    features = cv2.GaussianBlur(region(fit.model, NO_SKIN, size), (0, 0), thresholds.LENS * size) > thresholds.LENS_LEAST
    return _filled((visibility > 0) | features)


def _filled(shown: Bool[np.ndarray, "size size"]) -> UInt8[np.ndarray, "size size"]:
    """The shape within the outer border: holes have none."""
    outlines, _ = cv2.findContours(shown.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros(shown.shape, np.uint8), outlines, -1, 1, cv2.FILLED))


def _near_outline(shown: UInt8[np.ndarray, "size size"]) -> Float32[np.ndarray, "size size"]:
    """1 at the outer border of what is shown, falling to 0 within."""
    depth = cv2.distanceTransform(shown.astype(np.uint8), cv2.DIST_L2, 5) / (thresholds.OUTLINE_REACH * len(shown))
    return np.asarray(np.clip(2 - 2 * depth, 0, 1), np.float32)


def _middle(values: Float[np.ndarray, "size size *channels"], where: Bool[np.ndarray, "size size"]) -> Float[np.ndarray, "..."]:
    """The median where asked, by channel; 0 where nothing is."""
    return np.asarray(np.median(values[where], axis=0) if where.any() else 0.0)


def _log_ratio(albedo: Colours, expected: Colours) -> Float32[np.ndarray, "size size 3"]:
    return np.asarray(np.log(np.maximum(albedo, _TINY)) - np.log(np.maximum(expected, _TINY)), np.float32)


def colourise(albedo: Float32[np.ndarray, "size size 3"], view: LitView) -> Float32[np.ndarray, "size size 3"]:
    """The albedo of a grey photo in the colours that the model expects of skin and lips of this lightness."""
    size, detail = len(albedo), albedo_model(view.fit.model).detail
    broad, fine = (
        cv2.resize(layer, (size, size), interpolation=cv2.INTER_LINEAR) for layer in (view.appearance.albedo, detail)
    )
    expected = broad * np.exp(fine)
    share = luminance(albedo) / np.maximum(luminance(expected), 1e-4)
    return np.asarray(expected * share[..., None], np.float32)
