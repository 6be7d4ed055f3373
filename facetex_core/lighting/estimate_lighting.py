"""Light and low-frequency albedo from a photo under a fitted mesh.

    I(u, v) = albedo(u, v) sum_k l_k Y_k(n(u, v)),    log albedo = mean + modes . c

the photo-consistency term of Saito 2017 (section 4.1) with the shape held: solved in turn for the light l, by
reweighted least squares, and for the albedo coefficients c, in logarithms. Priors in standard deviations decide
what the product cannot: how much of the brightness is skin.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Float32

from facetex_core.errors import PhotoError
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.uv_raster import interpolate
from facetex_core.imaging.colour import LUMINANCE, luminance
from facetex_core.imaging.masked_blur import blur_where
from facetex_core.lazy import cv2
from facetex_core.lighting import thresholds
from facetex_core.lighting.harmonics import harmonics, shade
from facetex_core.lighting.thresholds import HIGHLIGHT_WIDTH
from facetex_core.structures import AlbedoModel, Appearance, DelitView, Fit, Head, Lighting, MorphableModel, Texture
from facetex_core.texture.regions import region, resize_texture, skin_texels

SIZE = 128
"""Texels of the map on which light and albedo are found: both are low-frequency."""
PHOTO = "photo (share of its light)"
"""The residual's name."""
LIGHT_ROUNDS = 4

Light = Float[np.ndarray, "9 3"]
Colours = Float[np.ndarray, "texels 3"]


def estimate_appearance(lit: Texture, fit: Fit) -> Appearance:
    """Light, albedo, and the root mean square of what they leave unexplained, as a share of the texture's.

    A texture without visible skin of the face is a PhotoError.
    """
    seen = resize_texture(lit, SIZE)
    normals = normal_map(fit, SIZE)
    basis = harmonics(normals).astype(np.float64)
    weight = (seen.visibility * region(fit.model, "face", SIZE)).astype(np.float64)
    on = weight > 0
    if not on.any():
        raise PhotoError("no skin of the face is visible, so its light cannot be estimated; use a photo that shows the face")
    told = albedo_model(fit.model)
    grey = is_monochrome(lit, fit.model)
    if grey:
        told = replace(told, modes=told.modes[:1])  # melanin: of skins' differences, the one that lightness tells
    seen, model = (_in_grey(seen), _without_colour(told)) if grey else (seen, told)
    albedo = np.exp(model.mean).astype(np.float64)
    for _ in range(LIGHT_ROUNDS):
        light = _solve_light(seen.rgb[on], albedo[on], basis[on], weight[on])
        light = _whiten(light * thresholds.LEVEL / np.maximum(np.quantile(basis[on] @ light, thresholds.BRIGHT, axis=0), 0.05))
        shading = np.maximum(basis @ light, 0.05)
        coefficients, exposure = _solve_albedo(seen.rgb[on] / shading[on], model, on, weight[on])
        albedo = np.exp(model.mean + np.tensordot(coefficients, model.modes, 1)).astype(np.float64)
        light, shading = light * exposure, shading * exposure
    explained = albedo * shading
    left = np.average((seen.rgb[on] - explained[on]).mean(1) ** 2, weights=weight[on])
    rms = float(np.sqrt(left / np.average(seen.rgb[on].mean(1) ** 2, weights=weight[on])))
    albedo = np.exp(told.mean + np.tensordot(coefficients, told.modes, 1))
    return Appearance(Lighting(light.astype(np.float32)), albedo.astype(np.float32), {PHOTO: rms})


def refit_lighting(view: DelitView) -> Lighting:
    """The light under which this albedo looks like the lit texture; robust, since neither highlights nor shadow are in it."""
    fit = view.fit
    seen, skin = resize_texture(view.lit, SIZE), resize_texture(view.albedo, SIZE)
    if is_monochrome(view.lit, fit.model):  # whose colour statistics gave
        skin = _in_grey(skin)
    weight = (np.minimum(seen.visibility, skin.visibility) * region(fit.model, "face", SIZE)).astype(np.float64)
    on = weight > 0
    if not on.any():
        return view.appearance.lighting
    light = _solve_light(seen.rgb[on], skin.rgb[on], harmonics(normal_map(fit, SIZE))[on].astype(np.float64), weight[on])
    return Lighting(light.astype(np.float32))


def is_monochrome(texture: Texture, model: MorphableModel) -> bool:
    """Whether the photo is grey or toned: its colour is then a function of its lightness, on skin, lips and eyes alike."""
    seen = resize_texture(texture, SIZE)
    on = (seen.visibility > 0) & (region(model, "face", SIZE) > 0.5)
    if not on.any():
        return False
    smooth = blur_where(seen.rgb, (seen.visibility > 0).astype(np.float32), thresholds.TONED_BLUR)
    lightness, *chroma = cv2.cvtColor(smooth[on][None], cv2.COLOR_LRGB2LAB)[0].T / np.float32(100)
    design = np.stack([lightness**power for power in range(4)], 1).astype(np.float64)
    wanted = np.stack(chroma, 1)
    left = wanted - design @ np.linalg.lstsq(design, wanted, rcond=None)[0]
    return bool(100 * np.sqrt((left**2).sum(1).mean()) < thresholds.TONED)


def _in_grey(texture: Texture) -> Texture:
    return replace(texture, rgb=np.repeat(luminance(texture.rgb)[..., None], 3, -1))


def _without_colour(model: AlbedoModel) -> AlbedoModel:
    """The luminance of the model's albedo in all channels; the modes' to first order."""
    albedo = np.exp(model.mean)
    share = albedo * LUMINANCE / luminance(albedo)[..., None]
    mean, modes = np.log(luminance(albedo))[..., None], (model.modes * share).sum(-1, keepdims=True)
    return replace(model, mean=np.repeat(mean, 3, -1), modes=np.repeat(modes, 3, -1).astype(np.float32))


def normal_map(fit: Fit, size: int) -> Float32[np.ndarray, "size size 3"]:
    """Unit normals of the fitted skin in world coordinates, by texel; 0 where there is none."""
    mesh, texels = fit.model.mesh, skin_texels(fit.model, size)
    normals = interpolate(texels, mesh, vertex_normals(fit.vertices, mesh.triangles[mesh.parts["skin"]]))
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-12), np.float32)


def albedo_model(model: MorphableModel) -> AlbedoModel:
    """The model's own, or one even tone that may turn lighter and darker."""
    if model.albedo is not None and model.albedo.mean.shape[0] == SIZE:
        return model.albedo
    ones = np.ones((SIZE, SIZE, 3), np.float32)
    return AlbedoModel(ones * thresholds.SKIN_TONE, thresholds.SKIN_TONES[:, None, None] * ones, 0 * ones)


def _whiten(light: Light) -> Light:
    """Takes out part of what the light's colour changes by with direction: of it, blood under the skin explains much."""
    grey = light.mean(1, keepdims=True)
    return np.asarray(grey + thresholds.COLOURED * (light - grey))


def _solve_light(
    seen: Colours, albedo: Colours, basis: Float[np.ndarray, "texels 9"], weight: Float[np.ndarray, "texels"]
) -> Light:
    """Each channel by itself, pulled weakly to even white light; highlights and cast shadow lose weight."""
    prior = np.zeros(9)
    prior[0] = 1.0
    light = np.zeros((9, 3))
    for channel in range(3):
        design = basis * albedo[:, channel, None]
        scale = np.average(albedo[:, channel], weights=weight)
        w = weight.copy()
        for _ in range(4):
            matrix = (design * w[:, None]).T @ design
            ridge = np.diag(thresholds.LIGHT_RIDGE) * w.sum() * scale**2
            light[:, channel] = np.linalg.solve(matrix + ridge, (design * w[:, None]).T @ seen[:, channel] + ridge @ prior)
            error = (seen[:, channel] - design @ light[:, channel]) / scale
            w = weight / (1 + (error / thresholds.LIGHT_ERROR) ** 2)
            w = w * np.where(error > thresholds.HIGHLIGHT_FROM, thresholds.HIGHLIGHT, 1.0)
    return light


def _solve_albedo(
    observed: Colours, model: AlbedoModel, on: Bool[np.ndarray, "size size"], weight: Float[np.ndarray, "texels"]
) -> tuple[Float[np.ndarray, "modes"], Float[np.ndarray, "3"]]:
    """Mode coefficients and the light's level by channel: ridge regression in logarithms.

    The photo tells their product only; how it is shared is a matter of the priors.
    """
    target = (np.log(np.clip(observed, 0.01, 2.0)) - model.mean[on]).ravel()
    channels = np.tile(np.eye(3), (len(observed), 1))
    design = np.concatenate([model.modes[:, on].reshape(len(model.modes), -1).T, channels], 1)
    w = np.repeat(weight, 3) * thresholds.INDEPENDENT / thresholds.ALBEDO_NOISE**2
    prior = np.eye(design.shape[1])
    prior[-3:, -3:] = np.linalg.inv(
        thresholds.EXPOSURE**2 + np.outer(thresholds.WARMTH, thresholds.WARMTH) + thresholds.TINT**2 * np.eye(3)
    )
    solved = np.zeros(design.shape[1])
    for _ in range(3):
        robust = w / (1 + ((target - design @ solved) / thresholds.ALBEDO_ERROR) ** 2)
        solved = np.linalg.solve((design * robust[:, None]).T @ design + prior, (design * robust[:, None]).T @ target)
    return solved[:-3], np.exp(solved[-3:])


def specular_map(head: Head) -> Float32[np.ndarray, "size size 3"]:
    """Highlights: linear light above albedo times shading, as much as all channels have alike, times how surely skin is shown.

    What the surface mirrors adds the colour of the light to that of the skin (Shafer 1985, the dichromatic model); more of the
    light in the skin's own colours, as in a patch of sun, is none.
    """
    lit, lighting = head.lit, head.appearance.lighting
    light = lighting.coefficients[0]
    colour = np.maximum(light / max(float(luminance(light)), 1e-6), 0.1).astype(np.float32)
    above = lit.rgb - head.albedo.rgb * shade(lighting, normal_map(head.fit, lit.size))
    alike = np.maximum((above / colour).min(-1), 0) * lit.visibility
    width = round(HIGHLIGHT_WIDTH * lit.size) | 1
    alike = cv2.morphologyEx(alike, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))
    return np.clip(alike[..., None] * colour, 0, 1).astype(np.float32)
